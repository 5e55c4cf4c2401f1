/**
 * Makes a reading that never overlaps itself. Whoever asks while one is under way shares the next one, so that no answer is
 * older than its question, and answers cannot overtake each other.
 */
export function oneAtATime<Answer>(read: () => Promise<Answer>): () => Promise<Answer> {
  let current: Promise<Answer> | null = null
  let next: Promise<Answer> | null = null
  const begin = (): Promise<Answer> => {
    next = null
    const reading = read().finally(() => {
      if (current === reading) current = null
    })
    current = reading
    return reading
  }
  return () => {
    if (next !== null) return next
    if (current === null) return begin()
    next = current.then(begin, begin)
    return next
  }
}
