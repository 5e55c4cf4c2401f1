import type { ImageFacts } from '../model/image.ts'

type Pull = (imageRef: string, onProgress: (text: string) => void, signal: AbortSignal) => Promise<ImageFacts>

interface Shared {
  readonly result: Promise<ImageFacts>
  readonly listeners: Set<(text: string) => void>
  readonly stream: AbortController
  lastText: string | null
}

/** Lets everybody who wants one image wait for one pull. It is given up when the last who waits does. */
export function sharePulls(pull: Pull): Pull {
  const underWay = new Map<string, Shared>()

  function begin(imageRef: string): Shared {
    const stream = new AbortController()
    const listeners: Shared['listeners'] = new Set()
    const tell = (text: string) => {
      shared.lastText = text
      for (const listener of listeners) listener(text)
    }
    const forget = () => {
      if (underWay.get(imageRef) === shared) underWay.delete(imageRef)
    }
    const result = Promise.resolve()
      .then(() => pull(imageRef, tell, stream.signal))
      .finally(forget)
    const shared: Shared = { result, listeners, stream, lastText: null }
    underWay.set(imageRef, shared)
    return shared
  }

  return async (imageRef, onProgress, signal) => {
    signal.throwIfAborted()
    const shared = underWay.get(imageRef) ?? begin(imageRef)
    // A listener of its own, so that one function given twice counts twice.
    const listener = (text: string) => onProgress(text)
    shared.listeners.add(listener)
    if (shared.lastText !== null) listener(shared.lastText)
    try {
      return await untilAborted(shared.result, signal)
    } finally {
      shared.listeners.delete(listener)
      if (shared.listeners.size === 0) {
        if (underWay.get(imageRef) === shared) underWay.delete(imageRef)
        shared.stream.abort(new Error('nobody waits for this pull'))
      }
    }
  }
}

async function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(signal.reason)
  signal.addEventListener('abort', giveUp)
  try {
    return await Promise.race([result, aborted])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
