/** One defect, planted by replacing a text of a source file. */
export interface Mutant {
  readonly name: string
  /** What it breaks: promises, or rows of the fault table. */
  readonly breaks: string
  /** From the project's root. */
  readonly file: string
  /** Occurs in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** Defects that a controller of this kind is likely to have; the suite has to catch each of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'skip the intents of actions',
    breaks: 'S4',
    file: 'src/controller/write-ahead.ts',
    find: '  const intents = [...namedActions(plan, operation, input), ...plan.later].map(',
    replace: '  const intents = [...namedActions(plan, operation, input), ...plan.later].slice(0, 0).map(',
  },
  {
    name: 'act before the intents are committed',
    breaks: 'S4',
    file: 'src/controller/write-ahead.ts',
    find: '      await openOperation(deps.db, {',
    replace: '      void openOperation(deps.db, {',
  },
  {
    name: 'ignore a 409: a taken name counts as created',
    breaks: 'S1, S2, rows 4 and 5',
    file: 'src/docker/name-holder.ts',
    find: "if (answer !== null) return { kind: 'name_taken', holder: holderOf(context, answer), id }",
    replace: "if (answer !== null) return { kind: 'name_taken', holder: 'ours', id }",
  },
  {
    name: 'act on a stale list: what it leaves out is gone',
    breaks: 'S1, row 23',
    file: 'src/observed/cache.ts',
    find: '      this.#doubt(id, gameId)\n',
    replace: '      void gameId\n      this.forget(id)\n',
  },
  {
    name: 'do not inspect what events have made stale',
    breaks: 'L1, rows 22 and 23',
    file: 'src/observed/world.ts',
    find: 'new Set([...this.#cache.staleIds(gameId), ...wanted.map((container) => container.id)])',
    replace: 'new Set(wanted.map((container) => container.id))',
  },
  {
    name: 'forget the epoch: any holder may write',
    breaks: 'S7, rows 41 and 42',
    file: 'migrations/0002_controller.sql',
    find: "    WHERE instance = current_setting('galaxy.instance', true) AND epoch = claimed::bigint AND expires_at > clock_timestamp()\n    FOR KEY SHARE;\n  IF NOT FOUND THEN\n    RAISE EXCEPTION 'stale lease: epoch % of instance % may not write %'",
    replace:
      "    WHERE instance = current_setting('galaxy.instance', true)\n    FOR KEY SHARE;\n  IF NOT FOUND THEN\n    RAISE EXCEPTION 'stale lease: epoch % of instance % may not write %'",
  },
  {
    name: 'start the successor while the old container runs',
    breaks: 'S1',
    file: 'src/controller/plan/replace.ts',
    find: "    ...retire,\n    { kind: 'rename_container', target: { kind: 'created' }, name: input.canonicalName, reason: 'the successor takes the canonical name' },\n    { kind: 'start_container', target: { kind: 'created' }, reason },",
    replace:
      "    { kind: 'start_container', target: { kind: 'created' }, reason },\n    ...retire,\n    { kind: 'rename_container', target: { kind: 'created' }, name: input.canonicalName, reason: 'the successor takes the canonical name' },",
  },
  {
    name: 'keep a second running container',
    breaks: 'S1',
    file: 'src/controller/plan/duplicates.ts',
    find: 'if (keep === undefined || others.length === 0) return null',
    replace: 'if (keep === undefined || others.length < 100) return null',
  },
  {
    name: 'believe the labels of another deployment',
    breaks: 'S2, row 35',
    file: 'src/model/labels.ts',
    find: 'return deployment === null || deployment === own || adopted?.has(deployment) === true',
    replace: "return deployment === null || own !== '' || adopted?.has(deployment) === true",
  },
  {
    name: 'take an unknown world for an empty one',
    breaks: 'S3, row 25',
    file: 'src/controller/plan/plan-game.ts',
    find: 'if (!input.observed.isKnown) return unknownWorld(input)',
    replace: 'if (!input.observed.isKnown && input.gameId === "") return unknownWorld(input)',
  },
  {
    name: 'take an unreadable row for a missing one',
    breaks: 'S3',
    file: 'src/controller/plan/plan-game.ts',
    find: 'if (input.desired === null && input.desiredProblem !== null) return',
    replace: 'if (input.desired === null && input.desiredProblem === "") return',
  },
  {
    name: 'purge the state with every delete',
    breaks: 'S5',
    file: 'src/controller/plan/deletion.ts',
    find: 'if (desired?.purgeState !== true) return []',
    replace: 'if (desired === null) return []',
  },
  {
    name: 'count an unanswered turn as done',
    breaks: 'S6, row 47',
    file: 'src/controller/plan/interrupted-turn.ts',
    find: "const isComputed = engine.kind === 'state' && engine.state.turn >= openTurn.turn",
    replace: "const isComputed = engine.kind === 'state' && engine.state.turn >= openTurn.turn - 1",
  },
  {
    name: 'retry a crashing engine at once',
    breaks: 'row 13',
    file: 'src/model/backoff.ts',
    find: 'if (failures <= 0) return 0',
    replace: 'if (failures <= 100) return 0',
  },
  {
    name: 'write a settled game at every look',
    breaks: 'L1',
    file: 'src/controller/outcome.ts',
    find: "return keys.some((key) => key !== 'observedFrom' && a[key] !== b[key])",
    replace: 'return keys.some((key) => a[key] !== b[key]) || keys.length > 0',
  },
  {
    name: 'take "already stopped" and "already gone" for failures',
    breaks: 'rows 7 and 9',
    file: 'src/docker/stop.ts',
    find: 'if (isUnchanged(error) || isMissing(error)) return',
    replace: 'if (isUnchanged(error) && isMissing(error)) return',
  },
  {
    name: 'vouch for statuses without a view of Docker',
    breaks: 'S8',
    file: 'src/term.ts',
    find: 'term.vouch(() => (world.isKnown ?',
    replace: 'term.vouch(() => (world !== undefined ?',
  },
  {
    name: 'vouch for what an earlier term saw of a game',
    breaks: 'S8',
    file: 'src/controller/games.ts',
    find: '!memory.isSeen && hasStatus(memory)',
    replace: '!memory.isSeen && !hasStatus(memory)',
  },
  {
    name: 'let a call without an answer count as failed',
    breaks: 'S4, row 2',
    file: 'src/controller/operate.ts',
    find: "if (failure.code === 'service_unavailable') {",
    replace: "if (failure.code === 'service_unavailable' && operation.operationId === '') {",
  },
]
