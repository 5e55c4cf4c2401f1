import { CliError, EXIT } from './exit.ts'

/** The flags of `galaxy version add`, as they were typed. */
export interface VersionFlags {
  readonly image?: string
  readonly protocol?: 'galaxy' | 'none'
  readonly probe?: string
  readonly port?: number
  readonly command?: string
  readonly env: readonly string[]
  readonly publish: readonly string[]
  readonly relax: readonly string[]
}

/**
 * A manifest's `spec` out of flags. Whether its fields and values fit is judged by the API, as it is of manifests.
 * @throws CliError for a flag that cannot be read, with its forms
 */
export function specOf(
  version: string,
  { image, protocol, probe, port, command, env, publish, relax }: VersionFlags,
): Readonly<Record<string, unknown>> {
  return {
    version,
    ...(image !== undefined && { image }),
    ...(protocol !== undefined && { protocol }),
    ...(probe !== undefined && { probe: parseProbe(probe) }),
    ...(port !== undefined && { port }),
    ...(command !== undefined && { command: parseCommand(command) }),
    ...(env.length > 0 && { env: Object.fromEntries(env.map(parseVariable)) }),
    ...(publish.length > 0 && { publish: publish.map(parsePublished) }),
    ...(relax.length > 0 && { relax: parseRelax(relax) }),
  }
}

const PROBE_FORMS = 'http:/PATH:PORT, tcp:PORT, docker, none, or JSON such as {"tcp":{"port":1234}}'

function parseProbe(text: string): unknown {
  if (text.startsWith('{')) return parseJson('--probe', text, PROBE_FORMS)
  const http = /^http:(\/.*):(\d+)$/.exec(text)
  if (http !== null) return { http: { path: http[1] ?? '/', port: Number(http[2]) } }
  const tcp = /^tcp:(\d+)$/.exec(text)
  if (tcp !== null) return { tcp: { port: Number(tcp[1]) } }
  if (text === 'docker') return { docker: true }
  if (text === 'none') return { none: true }
  throw unreadable('--probe', text, PROBE_FORMS)
}

/** Plain words, or a JSON list for what has spaces in it; no shell reads it. */
function parseCommand(text: string): unknown {
  if (text.trimStart().startsWith('[')) return parseJson('--command', text, 'words, or a JSON list such as ["/usr/bin/server","--log"]')
  return text.split(/\s+/).filter((word) => word !== '')
}

function parseVariable(text: string): readonly [string, string] {
  const end = text.indexOf('=')
  if (end < 1) throw unreadable('--env', text, 'NAME=VALUE')
  return [text.slice(0, end), text.slice(end + 1)]
}

/** As docker's `-p`, with the host's port always given: an endpoint that changes at every start would be of no use. */
function parsePublished(text: string): unknown {
  const found = /^(?:(?:\[([^\]]+)\]|([^:\]]+)):)?(\d+):(\d+)(?:\/(tcp|udp))?$/.exec(text)
  if (found === null) throw unreadable('--publish', text, '[ADDRESS:]HOSTPORT:CONTAINERPORT[/udp]')
  const [, ipv6, ipv4, hostPort, containerPort, protocol] = found
  const hostIp = ipv6 ?? ipv4
  return {
    hostPort: Number(hostPort),
    containerPort: Number(containerPort),
    ...(protocol === 'udp' && { protocol }),
    ...(hostIp !== undefined && { hostIp }),
  }
}

const SWITCHES = ['writableRoot', 'newPrivileges', 'noInit'] as const
const RELAX_FORMS = `${SWITCHES.join(', ')}, capAdd=NAME, tmpfs=/PATH, user=NAME, or JSON`

function parseRelax(texts: readonly string[]): unknown {
  const valuesOf = (name: string) => texts.filter((text) => text.startsWith(`${name}=`)).map((text) => text.slice(name.length + 1))
  const json = texts.find((text) => text.startsWith('{'))
  if (json !== undefined && texts.length === 1) return parseJson('--relax', json, RELAX_FORMS)
  const unknown = texts.find((text) => !/^(capAdd|tmpfs|user)=./.test(text) && !SWITCHES.some((name) => name === text))
  if (unknown !== undefined) throw unreadable('--relax', unknown, RELAX_FORMS)
  const [capAdd, tmpfs, user] = [valuesOf('capAdd'), valuesOf('tmpfs'), valuesOf('user').at(-1)]
  return {
    ...Object.fromEntries(SWITCHES.filter((name) => texts.includes(name)).map((name) => [name, true])),
    ...(capAdd.length > 0 && { capAdd }),
    ...(tmpfs.length > 0 && { tmpfs }),
    ...(user !== undefined && { user }),
  }
}

function parseJson(flag: string, text: string, forms: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable(flag, text, forms)
  }
}

function unreadable(flag: string, text: string, forms: string): CliError {
  return new CliError(`${flag} ${text} cannot be read; expected ${forms}`, EXIT.usage)
}
