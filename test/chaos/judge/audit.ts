import type { Row, Write } from './testimony.ts'

/** Sends one text of SQL; several statements where it has no values. */
export type Sql = <Answer extends object>(text: string, values?: readonly unknown[]) => Promise<readonly Answer[]>

/** Every table but the lease, which is renewed for ever, and the deployment's one row. */
const TABLES = [
  'desired_games',
  'engine_versions',
  'game_status',
  'runtime_records',
  'operation_log',
  'operation_actions',
  'health_events',
  'notification_intents',
  'manifest_roots',
  'manifest_files',
  'manifest_documents',
  'player_mappings',
  'turns',
  'health_snapshots',
  'outbox',
]

/** Has the database itself remember every row that anybody writes from now on, and nothing from before. The table is the judge's: nobody else writes there. */
export async function installAudit(sql: Sql): Promise<void> {
  const [found] = await sql<{ readonly found: string | null }>(`SELECT to_regclass('judge.writes')::text AS found`)
  if (found?.found != null) return void (await sql('TRUNCATE judge.writes RESTART IDENTITY'))
  await sql(`
    CREATE SCHEMA judge;
    CREATE TABLE judge.writes (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      real_ms double precision NOT NULL DEFAULT extract(epoch FROM pg_catalog.clock_timestamp()) * 1000,
      table_name text NOT NULL, op text NOT NULL, before jsonb, after jsonb,
      claimed bigint, current bigint, is_valid boolean);
    CREATE FUNCTION judge.keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE lease public.controller_leases;
    BEGIN
      SELECT * INTO lease FROM public.controller_leases LIMIT 1;
      INSERT INTO judge.writes (table_name, op, before, after, claimed, current, is_valid) VALUES (
        TG_TABLE_NAME, TG_OP,
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END,
        nullif(current_setting('galaxy.lease_epoch', true), '')::bigint, lease.epoch, lease.expires_at > pg_catalog.clock_timestamp());
      RETURN NULL;
    END $$;
    ${TABLES.map((table) => `CREATE TRIGGER zz_judge AFTER INSERT OR UPDATE OR DELETE ON public.${table} FOR EACH ROW EXECUTE FUNCTION judge.keep();`).join('\n')}
  `)
}

interface Kept {
  readonly id: string
  readonly real_ms: number
  readonly table_name: string
  readonly op: Write['op']
  readonly before: Row | null
  readonly after: Row | null
  readonly claimed: string | null
  readonly current: string | null
  readonly is_valid: boolean | null
}

/** What was written after `since`, in order. */
export async function readAudit(sql: Sql, since: number): Promise<readonly Write[]> {
  const rows = await sql<Kept>('SELECT * FROM judge.writes WHERE id > $1 ORDER BY id', [since])
  return rows.map((row) => ({
    id: Number(row.id),
    realMs: row.real_ms,
    table: row.table_name,
    op: row.op,
    before: row.before,
    after: row.after,
    claimedEpoch: row.claimed === null ? null : Number(row.claimed),
    currentEpoch: row.current === null ? null : Number(row.current),
    isLeaseValid: row.is_valid ?? false,
  }))
}
