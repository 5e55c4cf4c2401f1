import type { Deployment } from './deployment.ts'

/** Writes of the controller that took effect, by the lease epoch they were made under. */
export interface EpochHistory {
  /** Writes that came after one of a newer epoch: there must be none. */
  staleWrites(): Promise<readonly { readonly what: string; readonly epoch: number }[]>
  /** Epochs that have written anything, in order. */
  epochs(): Promise<readonly number[]>
}

/** Each table with the kinds of writes that the fence asks about: others are anybody's. */
const FENCED = `SELECT tgrelid::regclass::text AS name,
    concat_ws(' OR ', CASE WHEN tgtype & 4 > 0 THEN 'INSERT' END, CASE WHEN tgtype & 8 > 0 THEN 'DELETE' END, CASE WHEN tgtype & 16 > 0 THEN 'UPDATE' END) AS kinds
  FROM pg_trigger JOIN pg_proc f ON f.oid = tgfoid WHERE proname = 'galaxy_fence' AND tgtype & 1 = 0`

/** Triggers see every write, whoever sends it. */
export async function recordEpochs({ query }: Deployment): Promise<EpochHistory> {
  await query(`CREATE TABLE test_epochs (at bigserial, epoch bigint, what text)`)
  await query(`CREATE FUNCTION test_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO test_epochs (epoch, what) VALUES (current_setting('galaxy.lease_epoch', true)::bigint, TG_TABLE_NAME || ' ' || TG_OP);
      RETURN NULL;
    END $$`)
  const fenced = await query<{ name: string; kinds: string }>(FENCED)
  for (const [index, { name, kinds }] of fenced.entries()) {
    await query(`CREATE TRIGGER test_epoch_${index} AFTER ${kinds} ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION test_epoch()`)
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
