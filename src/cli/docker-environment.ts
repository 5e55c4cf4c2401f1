import type { Config } from '../config.ts'
import { chosenAddress, type DockerAddress, ping, usualAddresses } from '../local/docker-address.ts'

/** The environment as the Docker client would read it, with the configured host in it wherever that was written. */
export function dockerEnvironment(env: NodeJS.ProcessEnv, config: Config): NodeJS.ProcessEnv {
  return config.docker.host === null ? env : { ...env, DOCKER_HOST: config.docker.host }
}

export type DockerSearch =
  | { readonly kind: 'found'; readonly address: DockerAddress; readonly origin: string }
  | { readonly kind: 'denied' | 'silent'; readonly origin: string }

/** The daemon that this configuration means, without starting one. */
export async function findDocker(env: NodeJS.ProcessEnv, config: Config, signal: AbortSignal): Promise<DockerSearch> {
  const environment = dockerEnvironment(env, config)
  const chosen = await chosenAddress(environment)
  const candidates = chosen === undefined ? usualAddresses(environment) : [chosen]
  let denied: string | null = null
  for (const { address, origin } of candidates) {
    const answer = await ping(address, signal)
    if (answer === 'answers') return { kind: 'found', address, origin }
    if (answer === 'denied') denied ??= origin
  }
  return denied === null ? { kind: 'silent', origin: candidates[0]?.origin ?? 'the default socket' } : { kind: 'denied', origin: denied }
}
