// Loaded into a controller's process before anything else, so that a test can set its wall clock: SIGUSR2 puts it an hour
// forward, SIGHUP an hour back. As with a real clock, timers and the monotonic clock do not notice.
const HOUR_MS = 3_600_000
const RealDate = Date
let shiftMs = 0

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: readonly unknown[]) =>
    given.length === 0 ? new target(target.now() + shiftMs) : Reflect.construct(target, [...given]),
  get: (target, key) => (key === 'now' ? () => target.now() + shiftMs : Reflect.get(target, key)),
})
process.on('SIGUSR2', () => {
  shiftMs += HOUR_MS
})
process.on('SIGHUP', () => {
  shiftMs -= HOUR_MS
})
