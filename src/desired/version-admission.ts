import { GRANTABLE, isGrantable } from '../model/capabilities.ts'
import type { EngineVersion, Probe, PublishedPort } from '../model/game.ts'
import { gameIdObjection, imageObjection, versionObjection } from './admission.ts'
import { type Problem, problem } from './problem.ts'
import type { ImagePolicy } from './resolve-image.ts'

/** Everything wrong with an engine version before it may enter the registry, at whichever door. */
export function checkVersion(version: EngineVersion, policy: ImagePolicy): readonly Problem[] {
  return [
    ...check('engine', version.engine, gameIdObjection(version.engine)),
    ...check('version', version.version, versionObjection(version.version)),
    ...check('image', version.imageRef, version.imageRef === null ? null : imageObjection(version.imageRef, policy)),
    ...check('port', version.port, portObjection(version.port)),
    ...checkEnv(version.env),
    ...checkProbe(version.probe),
    ...version.publish.flatMap(checkPublished),
    ...checkRelax(version),
  ]
}

function checkEnv(env: EngineVersion['env']): readonly Problem[] {
  return Object.entries(env).flatMap(([name, value]) => [
    ...check(`env.${name}`, name, /^[^=\0\s]+$/.test(name) ? null : 'the name of an environment variable'),
    ...check(`env.${name}`, value, value.includes('\0') ? 'a value without NUL' : null),
  ])
}

function checkProbe(probe: Probe | null): readonly Problem[] {
  if (probe === null || !('http' in probe)) return []
  return check('probe.http.path', probe.http.path, /^\/[!-~]*$/.test(probe.http.path) ? null : 'a path such as /healthz')
}

function checkPublished(port: PublishedPort, index: number): readonly Problem[] {
  return check(`publish.${index}.hostIp`, port.hostIp, /^[0-9a-fA-F.:]{2,45}$/.test(port.hostIp) ? null : 'an IP address such as 127.0.0.1')
}

function checkRelax({ relax }: EngineVersion): readonly Problem[] {
  const capabilities = (relax.capAdd ?? []).flatMap((name, index) =>
    check(`relax.capAdd.${index}`, name, isGrantable(name) ? null : `one of the capabilities ${GRANTABLE.join(', ')}`),
  )
  const folders = (relax.tmpfs ?? []).flatMap((mount, index) => check(`relax.tmpfs.${index}`, mount, tmpfsObjection(mount)))
  return [...capabilities, ...folders]
}

/** `/run`, or with Docker's options behind a colon: `/run:size=16m`. */
function tmpfsObjection(mount: string): string | null {
  const isPlain = /^\/[^:,\0]+(:[a-z0-9=,%]+)?$/.test(mount) && !mount.split('/').includes('..')
  return isPlain ? null : 'an absolute path inside the container, such as /run or /run:size=16m'
}

function portObjection(port: number): string | null {
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? null : 'a port from 1 to 65535'
}

function check(path: string, found: unknown, objection: string | null): readonly Problem[] {
  return objection === null ? [] : [problem(path, found, objection)]
}
