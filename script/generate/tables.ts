import type pg from 'pg'
import { table } from './markdown.ts'

const HEAD = `# Tables

Generated from the migrated database's catalogue by \`npm run generate -- --tables\`; psql's \`\\d+ NAME\` shows the same. Lobbies write \`desired_games\` and read the view \`games\`
([lobby-sql.md](lobby-sql.md)); statements for operators are in [operations.md](operations.md#the-operation-log-with-psql). All times are \`timestamptz\`.

What is marked as **fenced** can be written by nobody but the controller that holds the lease: each of its statements carries the number of its term, and a trigger refuses every
other one with SQLSTATE \`GX001\`. \`galaxy_lobby\` is the role of lobbies; what is not said of it, it may not do.

`

/** Two of the migrator's own are left out. */
const RELATIONS = `
  SELECT c.oid::integer AS oid, c.relname AS name, c.relkind = 'v' AS is_view, obj_description(c.oid, 'pg_class') AS comment,
         (SELECT string_agg(DISTINCT privilege_type, ', ' ORDER BY privilege_type) FROM aclexplode(c.relacl)
           WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = 'galaxy_lobby')) AS lobby,
         (SELECT string_agg(DISTINCT event, ', ' ORDER BY event) FROM information_schema.triggers t
            JOIN LATERAL (SELECT t.event_manipulation::text AS event) e ON true
           WHERE t.event_object_schema = 'public' AND t.event_object_table = c.relname AND t.trigger_name LIKE '%\\_fence') AS fenced
    FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname NOT LIKE 'kysely\\_%'
   ORDER BY c.relname`

const COLUMNS = `
  SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS is_required,
         CASE WHEN a.attidentity <> '' THEN 'identity' ELSE pg_get_expr(d.adbin, d.adrelid) END AS fallback,
         col_description(a.attrelid, a.attnum) AS comment
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attnum`

/** Rules that tell something: of partial and unique indexes too, which are no constraints. */
const RULES = `
  SELECT pg_get_constraintdef(oid) AS rule FROM pg_constraint WHERE conrelid = $1 AND contype IN ('p', 'u', 'f', 'c')
   UNION
  SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE UNIQUE INDEX \\S+ ON \\S+ USING btree', 'UNIQUE')
    FROM pg_index i
   WHERE i.indrelid = $1 AND i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
   ORDER BY rule`

const DOMAINS = `
  SELECT t.typname AS name, format_type(t.typbasetype, t.typtypmod) AS type
    FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'd' ORDER BY t.typname`

interface Relation {
  readonly oid: number
  readonly name: string
  readonly is_view: boolean
  readonly comment: string | null
  readonly lobby: string | null
  readonly fenced: string | null
}

interface Column {
  readonly name: string
  readonly type: string
  readonly is_required: boolean
  readonly fallback: string | null
  readonly comment: string | null
}

/**
 * The tables and views of a migrated database as Markdown, for docs/tables.md.
 * @throws for a table or a column without a comment
 */
export async function tableReference(client: pg.Client): Promise<string> {
  const { rows: relations } = await client.query<Relation>(RELATIONS)
  const { rows: domains } = await client.query<{ name: string; type: string }>(DOMAINS)
  const sections: string[] = []
  for (const relation of relations) sections.push(await section(client, relation))
  const contents = relations.map(({ name, comment }) => [`[${name}](#${name})`, firstSentence(described(name, comment))])
  const types = domains.map(({ name, type }) => `\`${name}\` is \`${type}\` that reads as a semantic version`).join('; ')
  return `${HEAD}${table(['table or view', 'holds'], contents)}\nType ${types}.\n\n${sections.join('\n')}`
}

async function section(client: pg.Client, { oid, name, is_view, comment, lobby, fenced }: Relation): Promise<string> {
  const { rows: columns } = await client.query<Column>(COLUMNS, [oid])
  const { rows: rules } = await client.query<{ rule: string }>(RULES, [oid])
  const parts = [
    described(name, comment),
    [lobby === null ? '' : `\`galaxy_lobby\` may ${lobby}.`, fenced === null ? '' : `Fenced: ${fenced}.`].filter(Boolean).join(' '),
    (is_view ? viewColumns(name, columns) : tableColumns(name, columns)).trimEnd(),
    rules.map(({ rule }) => `- \`${readable(rule)}\``).join('\n'),
  ]
  return `## ${name}\n\n${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function tableColumns(relation: string, columns: readonly Column[]): string {
  const rows = columns.map(({ name, type, is_required, fallback, comment }) => [
    `\`${name}\``,
    type === 'timestamp with time zone' ? 'timestamptz' : type,
    is_required ? '' : 'null',
    fallback === null ? '' : `\`${readable(fallback)}\``,
    described(`${relation}.${name}`, comment),
  ])
  return table(['column', 'type', 'may be', 'default', 'meaning'], rows)
}

function viewColumns(relation: string, columns: readonly Column[]): string {
  const rows = columns.map(({ name, type, comment }) => [
    `\`${name}\``,
    type === 'timestamp with time zone' ? 'timestamptz' : type,
    described(`${relation}.${name}`, comment),
  ])
  return table(['column', 'type', 'meaning'], rows)
}

function described(what: string, comment: string | null): string {
  if (comment === null) throw new Error(`${what} has no comment: add COMMENT ON in a migration`)
  return comment
}

/** As one would write it: Postgres spells out each cast, and IN as a comparison with an array. */
function readable(expression: string): string {
  return expression
    .replaceAll(/::(text|jsonb|character varying|interval|timestamp with time zone|xid8)\b(\[\])?/g, '')
    .replaceAll(/\((\w+) = ANY \(ARRAY\[([^\]]*)\]\)\)/g, '$1 IN ($2)')
    .replaceAll(/\((\w+) <> ALL \(ARRAY\[([^\]]*)\]\)\)/g, '$1 NOT IN ($2)')
    .replaceAll(/^CHECK \(\((.*)\)\)$/g, 'CHECK ($1)')
}

function firstSentence(text: string): string {
  return /^.*?[.](?= |$)/.exec(text)?.[0] ?? text
}
