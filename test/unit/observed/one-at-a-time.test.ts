import { expect, it } from 'vitest'
import { oneAtATime } from '../../../src/observed/one-at-a-time.ts'

function readings() {
  const open: PromiseWithResolvers<number>[] = []
  const read = oneAtATime(() => {
    const reading = Promise.withResolvers<number>()
    open.push(reading)
    return reading.promise
  })
  return { open, read }
}

it('begins at once when nothing is being read', async () => {
  const { open, read } = readings()
  const answer = read()
  open[0]?.resolve(1)
  expect(await answer).toBe(1)
})

it('lets those who ask during a reading share the next one', async () => {
  const { open, read } = readings()
  const answers = [read(), read(), read()]
  expect(open).toHaveLength(1)
  open[0]?.resolve(1)
  await answers[0]
  await expect.poll(() => open.length).toBe(2)
  open[1]?.resolve(2)
  expect(await Promise.all(answers)).toEqual([1, 2, 2])
  void read()
  expect(open).toHaveLength(3)
})

it('reads on after a failure, which only those learn of who asked for that reading', async () => {
  const { open, read } = readings()
  const [first, second] = [read(), read()]
  open[0]?.reject(new Error('500'))
  await expect(first).rejects.toThrow('500')
  await expect.poll(() => open.length).toBe(2)
  open[1]?.resolve(2)
  expect(await second).toBe(2)
})

it('never reads twice at the same time, also for whoever asks just as a reading ends', async () => {
  let atOnce = 0
  let most = 0
  const read = oneAtATime(async () => {
    most = Math.max(most, ++atOnce)
    await Promise.resolve()
    atOnce -= 1
  })
  const asking = async (): Promise<void> => {
    for (let time = 0; time < 20; time++) await read()
  }
  await Promise.all([asking(), asking(), asking().then(asking)])
  expect(most).toBe(1)
})
