/**
 * Asks once for all who ask for the same at the same time. Whoever comes while a question is under way is answered by the next one, which begins after
 * that: no answer is of a moment before it was asked for.
 */
export function shareAnswers<Answer>(ask: (key: string) => Promise<Answer>): (key: string) => Promise<Answer> {
  const underWay = new Map<string, Promise<Answer>>()
  const next = new Map<string, Promise<Answer>>()

  async function begin(key: string): Promise<Answer> {
    const asked = ask(key)
    underWay.set(key, asked)
    try {
      return await asked
    } finally {
      if (underWay.get(key) === asked) underWay.delete(key)
    }
  }

  async function afterwards(key: string, before: Promise<unknown>): Promise<Answer> {
    await before.catch(() => undefined)
    next.delete(key)
    return begin(key)
  }

  return (key) => {
    const before = underWay.get(key)
    if (before === undefined) return begin(key)
    const waiting = next.get(key) ?? afterwards(key, before)
    next.set(key, waiting)
    return waiting
  }
}
