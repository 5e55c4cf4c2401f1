import type { Deployment } from './deployment.ts'

/** Writes of the controller that took effect, by the lease epoch they were made under. */
export interface EpochHistory {
  /** Writes that came after one of a newer epoch: there must be none. */
  staleWrites(): Promise<readonly { readonly what: string; readonly epoch: number }[]>
  /** Epochs that have written anything, in order. */
  epochs(): Promise<readonly number[]>
}

const FENCED = `SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger JOIN pg_proc f ON f.oid = tgfoid WHERE proname = 'galaxy_fence'`

/** Triggers see every write, whoever sends it. */
export async function recordEpochs({ query }: Deployment): Promise<EpochHistory> {
  await query(`CREATE TABLE test_epochs (at bigserial, epoch bigint, what text)`)
  await query(`CREATE FUNCTION test_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO test_epochs (epoch, what) VALUES (current_setting('galaxy.lease_epoch', true)::bigint, TG_TABLE_NAME || ' ' || TG_OP);
      RETURN NULL;
    END $$`)
  for (const { name } of await query<{ name: string }>(FENCED)) {
    await query(`CREATE TRIGGER test_epoch AFTER INSERT OR UPDATE OR DELETE ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION test_epoch()`)
  }
  return {
    staleWrites: () =>
      query(
        'SELECT what, epoch::int FROM (SELECT *, max(epoch) OVER (ORDER BY at) AS newest FROM test_epochs) w WHERE epoch < newest ORDER BY at',
      ),
    epochs: async () =>
      (await query<{ epoch: number }>('SELECT epoch::int FROM test_epochs GROUP BY epoch ORDER BY epoch')).map(({ epoch }) => epoch),
  }
}
