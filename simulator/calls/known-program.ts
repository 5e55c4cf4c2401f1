import { isEngineVersion } from '../../engine/rules/edition.ts'
import { type Behaviour, behaviourShape } from '../world/behaviour.ts'
import type { ImageConfig } from '../world/image.ts'

/** What a program does, known by how an image starts it: the reference engine, a web server that answers its health; anything else is quiet. */
export function knownProgram({ Entrypoint, Cmd, Env }: Pick<ImageConfig, 'Entrypoint' | 'Cmd' | 'Env'>): Behaviour {
  const command = [...(Entrypoint ?? []), ...(Cmd ?? [])].join(' ')
  const version = (Env ?? []).find((entry) => entry.startsWith('ENGINE_VERSION='))?.slice('ENGINE_VERSION='.length) ?? ''
  if (command.endsWith('/engine/main.js') && isEngineVersion(version)) {
    return behaviourShape.parse({ onTerm: { kind: 'exits', afterMs: 30, exitCode: 0 }, serves: { kind: 'engine', version } })
  }
  return behaviourShape.parse(command.includes('httpd') ? { serves: { kind: 'health' } } : {})
}
