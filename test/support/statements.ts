import pg from 'pg'

/** Counts what the controller sends, from the server's own log of statements. */
export interface StatementCounter {
  reset(): Promise<void>
  /** Statements since `reset` on the write-ahead log, by what they do; `other` are writes to any of the controller's tables beside. */
  ofController(): Promise<{ readonly open: number; readonly progress: number; readonly close: number; readonly other: number }>
  /** What was written so far, oldest first: `game_status UPDATE`. */
  written(): Promise<readonly string[]>
}

/** Triggers count: they see every row that is written, whoever sends the statement, and leave the controller's code as it is. */
export async function countStatements(databaseUrl: string): Promise<StatementCounter> {
  const query = async <Row extends pg.QueryResultRow>(text: string): Promise<readonly Row[]> => {
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    try {
      return (await client.query<Row>(text)).rows
    } finally {
      await client.end()
    }
  }
  await query(`
    CREATE TABLE test_statements (at bigserial, xid xid8 DEFAULT pg_current_xact_id(), what text);
    CREATE FUNCTION test_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO test_statements (what) VALUES (TG_TABLE_NAME || ' ' || TG_OP); RETURN NULL; END $$;
    CREATE TRIGGER test_count AFTER INSERT OR UPDATE OR DELETE ON operation_log FOR EACH ROW EXECUTE FUNCTION test_count();
    CREATE TRIGGER test_count AFTER INSERT OR UPDATE OR DELETE ON operation_actions FOR EACH ROW EXECUTE FUNCTION test_count();
    CREATE TRIGGER test_count AFTER INSERT OR UPDATE OR DELETE ON runtime_records FOR EACH ROW EXECUTE FUNCTION test_count();
    CREATE TRIGGER test_count AFTER INSERT OR UPDATE OR DELETE ON game_status FOR EACH ROW EXECUTE FUNCTION test_count();
    CREATE TRIGGER test_count AFTER INSERT OR UPDATE OR DELETE ON health_events FOR EACH ROW EXECUTE FUNCTION test_count();`)
  return {
    reset: async () => void (await query('TRUNCATE test_statements')),
    ofController: async () => {
      const transactions = await query<{ what: readonly string[] }>(
        'SELECT array_agg(what) AS what FROM test_statements GROUP BY xid ORDER BY xid',
      )
      const kinds = transactions.map(({ what }) => kindOf(what))
      const count = (kind: string): number => kinds.filter((each) => each === kind).length
      return { open: count('open'), progress: count('progress'), close: count('close'), other: count('other') }
    },
    written: async () => (await query<{ what: string }>('SELECT what FROM test_statements ORDER BY at')).map(({ what }) => what),
  }
}

/** One statement is one transaction is one round trip: the store opens no explicit transactions. */
function kindOf(what: readonly string[]): string {
  if (what.includes('operation_log INSERT')) return 'open'
  if (what.includes('operation_log UPDATE')) return 'close'
  return what.includes('operation_actions UPDATE') ? 'progress' : 'other'
}
