import type { Witness } from '../../../src/controller/execute.ts'
import type { Runtime } from '../../../src/controller/ports.ts'

type Answers = { readonly [Method in keyof Runtime]?: Awaited<ReturnType<Runtime[Method]>> | Error }

/** A runtime that gives each method's one answer, or throws it; what is not scripted must not be called. */
export function scriptedRuntime(answers: Answers): { readonly runtime: Runtime; readonly calls: string[] } {
  const calls: string[] = []
  const call = async <Method extends keyof Runtime>(method: Method, what: string): Promise<Awaited<ReturnType<Runtime[Method]>>> => {
    calls.push(`${method} ${what}`)
    if (!(method in answers)) throw new TypeError(`${method} is not in the script`)
    const answer: unknown = answers[method]
    if (answer instanceof Error) throw answer
    return answer as Awaited<ReturnType<Runtime[Method]>> // what `Answers` holds under that method, errors apart
  }
  const runtime: Runtime = {
    create: ({ name, operationId }) => call('create', `${name} for ${operationId}`),
    start: (id) => call('start', id),
    stop: (id, graceMs) => call('stop', `${id} within ${graceMs}`),
    remove: (id, force) => call('remove', `${id}${force ? ' by force' : ''}`),
    rename: (id, name) => call('rename', `${id} to ${name}`),
    updateLimits: (id) => call('updateLimits', id),
    inspect: (id) => call('inspect', id),
    pull: (imageRef, onProgress) => {
      onProgress('1 of 2 layers')
      return call('pull', imageRef)
    },
    inspectImage: (imageRef) => call('inspectImage', imageRef),
    createNetwork: (name) => call('createNetwork', name),
    purgeState: (path) => call('purgeState', path),
  }
  return { runtime, calls }
}

/** What the executor reported, in order. */
export function listeningWitness(): { readonly witness: Witness; readonly reports: string[] } {
  const reports: string[] = []
  const witness: Witness = {
    learn: ({ id, state }) => reports.push(`${id} is ${state}`),
    forget: (id) => reports.push(`${id} is gone`),
    doubt: (id) => reports.push(`${id} is doubted`),
    learnImage: ({ id }) => reports.push(`image ${id}`),
    setNetwork: (state) => reports.push(`network ${state}`),
    readImages: () => {
      reports.push('images read')
      return Promise.resolve()
    },
  }
  return { witness, reports }
}
