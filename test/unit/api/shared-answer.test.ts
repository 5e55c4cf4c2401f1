import { describe, expect, it } from 'vitest'
import { shareAnswers } from '../../../src/api/shared-answer.ts'

/** Each question waits until the test answers it. */
function asked() {
  const questions: { readonly key: string; readonly answer: PromiseWithResolvers<string> }[] = []
  const ask = shareAnswers((key) => {
    const answer = Promise.withResolvers<string>()
    questions.push({ key, answer })
    return answer.promise
  })
  return { ask, questions, count: () => questions.length }
}

describe('an answer that is shared', () => {
  it('is one for all who asked while another question was under way, and not that one’s', async () => {
    const { ask, questions, count } = asked()
    const first = ask('a')
    const later = [ask('a'), ask('a'), ask('a')]
    expect(count()).toBe(1)
    questions[0]?.answer.resolve('old')
    expect(await first).toBe('old')
    await expect.poll(count).toBe(2)
    questions[1]?.answer.resolve('new')
    expect(await Promise.all(later)).toEqual(['new', 'new', 'new'])
    expect(count()).toBe(2)
  })

  it('is asked for anew once nobody waits', async () => {
    const { ask, questions, count } = asked()
    const first = ask('a')
    questions[0]?.answer.resolve('old')
    await first
    void ask('a')
    expect(count()).toBe(2)
  })

  it('is not shared with who asks for something else', () => {
    const { ask, questions } = asked()
    void ask('a')
    void ask('b')
    expect(questions.map(({ key }) => key)).toEqual(['a', 'b'])
  })

  it('that fails is no answer to those who wait for the next', async () => {
    const { ask, questions, count } = asked()
    const first = ask('a')
    const second = ask('a')
    questions[0]?.answer.reject(new Error('away'))
    await expect(first).rejects.toThrow('away')
    await expect.poll(count).toBe(2)
    questions[1]?.answer.resolve('back')
    expect(await second).toBe('back')
  })
})
