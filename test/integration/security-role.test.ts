import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrateToLatest } from '../../src/database/migrate.ts'
import { emptyDatabase, type FreshDatabase, freshDatabase } from '../support/postgres.ts'
import { describeOnEachPostgres } from '../support/postgres-majors.ts'

/** All that the lobby's role may do with what the migrations made: a new grant has to be judged here first. */
const TABLES = [
  'desired_games: DELETE INSERT SELECT UPDATE',
  'engine_versions: SELECT',
  'game_status: SELECT',
  'games: SELECT',
  'health_snapshots: SELECT',
  'operation_log: SELECT',
  'outbox: SELECT',
  'player_mappings: SELECT',
  'runtime_records: SELECT',
  'turns: SELECT',
]

describeOnEachPostgres('the role galaxy_lobby', (serverUrl) => {
  let database: FreshDatabase
  let owner: pg.Client
  let lobby: pg.Client
  const login = `galaxy_test_${randomBytes(6).toString('hex')}`

  beforeAll(async () => {
    database = await freshDatabase(serverUrl)
    owner = new pg.Client({ connectionString: database.url })
    await owner.connect()
    // As docs/lobby-sql.md has it. Not SET ROLE of the owner's session, which may take any role back.
    await owner.query(`CREATE ROLE ${login} LOGIN PASSWORD '${login}' IN ROLE galaxy_lobby`)
    lobby = new pg.Client({ connectionString: urlAs(database.url, login) })
    await lobby.connect()
    await owner.query("INSERT INTO engine_versions (version) VALUES ('1.0.0')")
    await owner.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('andromeda', '1.0.0')")
  })
  afterAll(async () => {
    await lobby.end()
    await owner.query(`DROP ROLE ${login}`)
    await owner.end()
    await database.drop()
  })

  const column = async (text: string) => (await owner.query<{ value: string }>(text)).rows.map(({ value }) => value)

  it('has these privileges on tables and views, and passes none on', async () => {
    const kinds = "ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']"
    const granted = (suffix: string) => `
      SELECT relname || ': ' || string_agg(p, ' ' ORDER BY p) AS value FROM pg_class c, unnest(${kinds}) p
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r','v','m','p','f')
         AND has_table_privilege('galaxy_lobby', c.oid, p || '${suffix}') GROUP BY relname ORDER BY relname COLLATE "C"`
    expect(await column(granted(''))).toEqual(TABLES)
    expect(await column(granted(' WITH GRANT OPTION'))).toEqual([])
  })

  it('has no privileges on columns beyond those', async () => {
    const granted = await column(
      `SELECT attrelid::regclass || '.' || attname AS value FROM pg_attribute WHERE attacl::text LIKE '%galaxy_lobby%'`,
    )
    expect(granted).toEqual([])
  })

  it('may advance one sequence, and neither set nor make any', async () => {
    const sequences = (
      privilege: string,
    ) => `SELECT relname AS value FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
      AND CASE relkind WHEN 'S' THEN has_sequence_privilege('galaxy_lobby', oid, '${privilege}') END`
    expect(await column(sequences('USAGE'))).toEqual(['desired_resource_version'])
    expect(await column(sequences('UPDATE'))).toEqual([])
  })

  it('may call these functions of ours; what runs as somebody else is a trigger, which nobody can call', async () => {
    const ours = `FROM pg_proc WHERE pronamespace = 'public'::regnamespace`
    const callable = `SELECT proname AS value ${ours} AND prorettype <> 'trigger'::regtype AND has_function_privilege('galaxy_lobby', oid, 'EXECUTE')
      ORDER BY proname COLLATE "C"`
    expect(await column(callable)).toEqual(['galaxy_acquire_lease', 'galaxy_source', 'galaxy_valid_players'])
    expect(await column(`SELECT proname AS value ${ours} AND prosecdef ORDER BY proname COLLATE "C"`)).toEqual([
      'galaxy_desired_keep_change',
      'galaxy_watch_change',
    ])
    expect(
      await column(
        `SELECT proname AS value ${ours} AND prosecdef AND (prorettype <> 'trigger'::regtype OR has_function_privilege('galaxy_lobby', oid, 'EXECUTE'))`,
      ),
    ).toEqual([])
  })

  it('is no more than that: no attributes, no memberships, no default privileges, nothing of its own', async () => {
    const [role] = (
      await owner.query(
        `SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'galaxy_lobby'`,
      )
    ).rows
    expect(Object.values(role ?? {})).toEqual([false, false, false, false, false, false])
    const id = `'galaxy_lobby'::regrole`
    expect(await column(`SELECT roleid::regrole::text AS value FROM pg_auth_members WHERE member = ${id}`)).toEqual([])
    expect(await column(`SELECT defaclobjtype::text AS value FROM pg_default_acl WHERE defaclacl::text LIKE '%galaxy_lobby%'`)).toEqual([])
    expect(
      await column(`SELECT classid::regclass::text AS value FROM pg_shdepend WHERE refobjid = ${id}
      AND deptype = 'o' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`),
    ).toEqual([])
  })

  it('may make nothing in the database or in our schema', async () => {
    const [can] = (
      await owner.query(`SELECT has_database_privilege('galaxy_lobby', current_database(), 'CREATE') AS "database",
        has_schema_privilege('galaxy_lobby', 'public', 'CREATE') AS "schema", has_schema_privilege('galaxy_lobby', 'public', 'USAGE') AS "usage"`)
    ).rows
    expect(can).toEqual({ database: false, schema: false, usage: true })
  })

  it.each([
    'CREATE TABLE mine (a int)',
    'CREATE SCHEMA mine',
    'CREATE EXTENSION dblink',
    'CREATE ROLE mine',
    'CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE TRIGGER mine BEFORE INSERT ON desired_games FOR EACH ROW EXECUTE FUNCTION galaxy_fence()',
    'ALTER TABLE desired_games DISABLE TRIGGER ALL',
    'ALTER TABLE desired_games DROP CONSTRAINT desired_games_version_or_image',
    'DROP TABLE desired_games',
    'TRUNCATE desired_games',
    "SET session_replication_role = 'replica'",
    'SET SESSION AUTHORIZATION galaxy',
    'SET ROLE galaxy',
    'SET ROLE pg_read_server_files',
    "ALTER SYSTEM SET log_statement = 'all'",
    'GRANT SELECT ON deployment TO PUBLIC',
    "COPY desired_games TO PROGRAM 'id'",
    "COPY desired_games TO '/tmp/galaxy-copy'",
    "COPY desired_games (game_id) FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/galaxy-export')",
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IS DISTINCT FROM session_user',
    'SELECT rolpassword FROM pg_authid',
    'SELECT * FROM controller_leases',
    'SELECT * FROM deployment',
    'SELECT * FROM api_tokens',
    'SELECT name FROM api_tokens',
    "INSERT INTO api_tokens (id, name, role, hash, created_by) VALUES (gen_random_uuid(), 'mine', 'admin', sha256('x'), 'x')",
    "UPDATE api_tokens SET role = 'admin'",
    'DELETE FROM api_tokens',
    'SELECT * FROM manifest_files',
    'SELECT * FROM operation_actions',
    'SELECT * FROM notification_intents',
    "SELECT galaxy_acquire_lease('default', 'me', '1 s', '1 s')",
    "SELECT setval('desired_resource_version', 1)",
    "UPDATE engine_versions SET image_ref = 'evil'",
    `INSERT INTO engine_versions (version, relax) VALUES ('6.6.6', '{"writableRoot": true}')`,
    'DELETE FROM engine_versions',
    "INSERT INTO operation_log (operation_id, game_id, op, source, status, cause) VALUES (gen_random_uuid(), 'x', 'stop', 'admin', 'queued', 'x')",
    "UPDATE outbox SET payload = '{}'",
    'DELETE FROM turns',
    'UPDATE game_status SET accepted_spec = NULL',
    "UPDATE runtime_records SET engine_endpoint = 'http://evil.example'",
  ])('may not: %s', async (statement) => {
    // 42501: insufficient privilege; 42704: no such role, where the server's owner has another name.
    await expect(lobby.query(statement)).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|42704)$/) })
  })

  it('cannot get around a trigger by a temporary table of the name that the trigger looks at', async () => {
    await owner.query("INSERT INTO desired_games (game_id, engine_version) VALUES ('living', '1.0.0')")
    await owner.query(
      `SELECT set_config('galaxy.instance', 'i', false), set_config('galaxy.lease_epoch', galaxy_acquire_lease('i', 'me', '1 h', '1 h')::text, false)`,
    )
    await owner.query(`INSERT INTO runtime_records (uid, game_id, status, engine_endpoint, state_path, docker_network, last_op_at, created_at)
      VALUES (gen_random_uuid(), 'living', 'starting', 'http://x:8080', '/x', 'galaxy', now(), now())`)
    await lobby.query('CREATE TEMP TABLE runtime_records (game_id text, status text)')
    await lobby.query("DELETE FROM desired_games WHERE game_id = 'living'")
    await lobby.query("DELETE FROM desired_games WHERE game_id = 'living'")
    expect(await column('SELECT game_id AS value FROM desired_games WHERE deleted_at IS NOT NULL')).toEqual(['living'])
    expect(
      await column(`SELECT proname AS value FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype
      AND proconfig IS NULL`),
    ).toEqual([])
  })

  it('gets no room in our schema on a server that gives it to everybody, as Postgres 14 does', async () => {
    const old = await emptyDatabase(serverUrl)
    const admin = new pg.Client({ connectionString: old.url })
    await admin.connect()
    await admin.query('GRANT CREATE ON SCHEMA public TO PUBLIC')
    await migrateToLatest(old.url)
    const { rows } = await admin.query(`SELECT has_schema_privilege('galaxy_lobby', 'public', 'CREATE') AS "create"`)
    await admin.end()
    await old.drop()
    expect(rows).toEqual([{ create: false }])
  })

  it('cannot write what the triggers keep', async () => {
    const before = (await owner.query("SELECT * FROM desired_games WHERE game_id = 'andromeda'")).rows[0]
    await lobby.query(`UPDATE desired_games SET generation = 99, resource_version = 1, written_by = 'api', written_ref = 'x', created_at = now(),
      updated_at = '-infinity', written_xid = '1' WHERE game_id = 'andromeda'`)
    const after = (await owner.query("SELECT * FROM desired_games WHERE game_id = 'andromeda'")).rows[0]
    expect(after).toMatchObject({ generation: before.generation, created_at: before.created_at, written_by: 'lobby', written_ref: null })
    expect(BigInt(after.resource_version)).toBeGreaterThan(BigInt(before.resource_version))
    expect([after.written_xid, after.updated_at]).not.toEqual(['1', Number.NEGATIVE_INFINITY])
  })

  it('has nothing to ask for beyond a game: these columns are all there are', async () => {
    const columns = await column(`SELECT column_name AS value FROM information_schema.columns WHERE table_name = 'desired_games'`)
    expect(columns.toSorted()).toEqual(
      (
        'allow_incompatible_to cpus created_at deleted_at engine engine_version game_id generation image_ref labels managed_by memory paused pids players ' +
        'purge_state resource_version restart_token state stop_reason time_zone turn_schedule turn_token updated_at written_by written_ref written_xid'
      ).split(' '),
    )
  })
})

function urlAs(url: string, login: string): string {
  const changed = new URL(url)
  changed.username = login
  changed.password = login
  return changed.href
}
