import type { Deployment } from './deployment.ts'
import { until } from './until.ts'

/** When terms began, by the database's clock. */
export interface TermHistory {
  /** The database's time, epoch ms. */
  nowMs(): Promise<number>
  /** Waits for this epoch or a later one; when it began. */
  begun(epoch: number): Promise<number>
  /** The newest epoch; 0 before the first. */
  latest(): Promise<number>
  /** How many processes have led. */
  holders(): Promise<number>
}

/** A trigger sees each term as it begins, whoever begins it. */
export async function recordTerms({ query }: Deployment): Promise<TermHistory> {
  await query('CREATE TABLE test_terms (epoch bigint, holder text, at timestamptz DEFAULT clock_timestamp())')
  await query(`CREATE FUNCTION test_term() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO test_terms (epoch, holder) VALUES (NEW.epoch, NEW.holder); RETURN NULL; END $$`)
  await query(`CREATE TRIGGER test_term AFTER UPDATE ON controller_leases
    FOR EACH ROW WHEN (NEW.epoch <> OLD.epoch) EXECUTE FUNCTION test_term()`)
  const number = async (text: string, values: readonly unknown[] = []): Promise<number | null> =>
    (await query<{ value: number | null }>(text, values))[0]?.value ?? null
  return {
    nowMs: async () => (await number('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS value')) ?? Number.NaN,
    begun: async (epoch) => {
      const at = await until(
        () => number('SELECT extract(epoch FROM min(at))::float8 * 1000 AS value FROM test_terms WHERE epoch >= $1', [epoch]),
        (value) => value !== null,
        `term ${epoch} begins`,
      )
      return at ?? Number.NaN
    },
    latest: async () => (await number('SELECT max(epoch)::int AS value FROM test_terms')) ?? 0,
    holders: async () => (await number('SELECT count(DISTINCT holder)::int AS value FROM test_terms')) ?? 0,
  }
}
