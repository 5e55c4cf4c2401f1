// psql as far as the guides use it, for machines that have none: the statements run on a real server, by `pg`, and are printed as psql does.
import pg from 'pg'

// Mutable, as pg has it.
type Row = (string | null)[]
type Result = pg.QueryArrayResult<Row>

const args = process.argv.slice(2)
const flags = args.filter((arg) => /^-[qAtc]+$/.test(arg)).join('')
const statements = args.filter((_, index) => /^-[qAt]*c$/.test(args[index - 1] ?? ''))
if (statements.length === 0 || 2 * statements.length !== args.length)
  throw new Error(`only psql [-qAt] -c STATEMENT is known here, not: psql ${args.join(' ')}`)

const client = new pg.Client({ types: { getTypeParser: () => String } })
await client.connect()
try {
  for (const statement of statements) {
    // Of several statements there are several results.
    const answer: Result | Result[] = await client.query<Row>({ text: statement, rowMode: 'array' })
    for (const result of [answer].flat())
      process.stdout.write(flags.includes('t') ? result.rows.map((row) => `${row.join('|')}\n`).join('') : printed(result))
  }
} catch (error) {
  process.stderr.write(`ERROR:  ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await client.end()
}

function printed({ command, fields, rows, rowCount }: Result): string {
  if (fields.length === 0) return command === 'INSERT' ? `INSERT 0 ${rowCount}\n` : `${command} ${rowCount ?? ''}\n`
  const cells = rows.map((row) => row.map((value) => value ?? ''))
  const widths = fields.map(({ name }, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) => ` ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')}\n`
  const rule = `${widths.map((width) => '-'.repeat(width + 2)).join('+')}\n`
  return `${line(fields.map(({ name }) => name))}${rule}${cells.map(line).join('')}(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})\n\n`
}
