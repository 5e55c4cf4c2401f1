import { stripTypeScriptTypes } from 'node:module'
import { parentPort, Worker, workerData } from 'node:worker_threads'

/**
 * The same sources as JavaScript, in the same order. Node's function for it is marked as experimental and says so on stderr; a thread of its own
 * keeps quiet without silencing the warnings of the rest of the process.
 */
export function stripTypes(sources: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(import.meta.filename, { workerData: { sources }, execArgv: ['--disable-warning=ExperimentalWarning'] })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that strips types ended without an answer')))
  })
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
if (parentPort !== null && isRequest(workerData)) parentPort.postMessage(workerData.sources.map((source) => stripTypeScriptTypes(source)))

/** Vitest may run this module in a thread of its own. */
function isRequest(data: unknown): data is { readonly sources: readonly string[] } {
  return typeof data === 'object' && data !== null && 'sources' in data && Array.isArray(data.sources)
}
