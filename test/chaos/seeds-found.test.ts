import { afterAll, describe, it } from 'vitest'
import { closeDatabases } from './databases.ts'
import { expectClean } from './seeds.ts'

describe('histories that once broke a promise', () => {
  afterAll(closeDatabases)

  it.each([
    [1473, 'a new life took a stale list for the truth, and ran a second container beside one that a human had renamed (S1)'],
    [2299, 'a 404 to a change of limits was believed, and a second container ran beside one that a human had renamed (S1)'],
    [1222, 'limits were taken over from a container that was run with --rm and is never adopted (L1)'],
    [4590, 'a version that cannot read the state was accepted: its first container had run, and no record said so yet (S3)'],
    [557, 'a game whose inspects hung went on being called ready (S8)'],
    [430, 'a turn that hangs is waited for before a history counts as at rest'],
    [10032, 'the turn of a game whose end no event had told was computed by another game’s engine, which had its address by then (S6)'],
    [31090, 'two controllers that died at the wrong moment left two networks of one name, on which Docker starts nothing (L1)'],
    [32948, 'a second container that a human paused was removed in vain again and again, and its operation never ended (L2, S4)'],
    [33766, 'asked for anew over an old state, a game whose first rows were refused may have other players'],
    [34186, 'a version that cannot read the state was accepted: its writer had run and ended, and a list alone had shown it (S3)'],
    [10804, 'other races are refused after init, and what was accepted before them is in force'],
    [2745, 'a human’s copy, the only one that ran, was stopped as a second one: the end of the other had been told by no event (S3)'],
    [50300, 'over an old state, rows that name its races and are refused for their version leave other races to be taken'],
    [50397, 'a version that cannot read the state was accepted: another one had run since the record was written (S3)'],
    [43298, 'a copy by hand of a restart’s container does not answer the token of that restart'],
    [66530, 'over an old state, a row that names its races and went again while Docker was away leaves other races to be taken'],
    [66246, 'a spec stayed in force that could not read what a human had run since it was accepted (S3)'],
    [67078, 'after a takeover a game whose first inspect hung was called ready, as the term before had left it (S8)'],
    [69477, 'a second container, which only the operation log told of, was forgotten in a crash, and another was begun beside it (S1)'],
    [69867, 'a version was compared with what an earlier life of the game had written, though another one had run since (S3)'],
  ])('seed %i: %s', (seed) => expectClean(seed))
})
