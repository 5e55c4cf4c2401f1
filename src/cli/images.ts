import type { EngineImage } from './api-types.ts'
import type { ApiClient } from './client.ts'
import { CliError } from './exit.ts'
import { type Listing, paint } from './output.ts'
import type { Column } from './table.ts'

/** `galaxy get images`: the engines' images on the host, and what needs each. */
export async function listImages(client: ApiClient, names: readonly string[]): Promise<Listing<EngineImage>> {
  const answer = await client.call('GET /images', {})
  const rows = answer.items.filter(({ id, refs }) => names.length === 0 || [id, ...refs].some((name) => names.includes(name)))
  if (names.length > 0 && rows.length === 0) throw new CliError(`there is no engine image ${names.join(', ')} on the host`)
  return {
    answer: { ...answer, items: rows },
    rows,
    columns: COLUMNS,
    name: (image) => `image/${nameOf(image)}`,
    empty: 'no engine images found',
  }
}

const COLUMNS: readonly Column<EngineImage>[] = [
  { title: 'IMAGE', value: nameOf },
  { title: 'ID', value: ({ id }) => shortId(id) },
  { title: 'SIZE', value: ({ sizeBytes }) => formatSize(sizeBytes) },
  { title: 'NEEDED BY', value: neededBy, paint: (text, { neededBy: needs }) => (needs.length === 0 ? paint.yellow(text) : text) },
  { title: 'REMOVE WITH', isWide: true, value: ({ removeWith }) => removeWith },
]

/** Tags say it better than digests. */
function nameOf({ id, refs }: EngineImage): string {
  const tags = refs.filter((ref) => !ref.includes('@'))
  return (tags.length > 0 ? tags : refs).join(', ') || shortId(id)
}

function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12)
}

const KIND_WORDS = { Game: 'game', EngineVersion: 'version', Container: 'container' } as const

function neededBy({ neededBy: needs }: EngineImage): string {
  return needs.map(({ kind, name }) => `${KIND_WORDS[kind]}/${name}`).join(', ') || 'nothing'
}

/** In powers of ten, as `docker images` has it. */
function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'] as const
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}
