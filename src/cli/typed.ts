import path from 'node:path'

/** A clone runs its sources by way of npm; an installed program is on the PATH. */
const IS_INSTALLED = path.extname(import.meta.filename) === '.js'

/** What one types here for `galaxy ARGS`. */
export function typed(args: string): string {
  if (IS_INSTALLED) return `galaxy ${args}`
  const [verb = '', ...flags] = args.split(' ')
  const script = NPM_SCRIPTS.get(verb)
  if (script === undefined) return `npx galaxy ${args}`
  return flags.length === 0 ? script : `${script} -- ${flags.join(' ')}`
}

/** What to do where no controller answers. */
export function startOne(): string {
  return `start one with \`${typed('up')}\``
}

const NPM_SCRIPTS: ReadonlyMap<string, string> = new Map([
  ['up', 'npm start'],
  ['down', 'npm run down'],
])
