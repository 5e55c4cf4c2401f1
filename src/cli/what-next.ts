/** What to type after a refusal; null where the refusal itself says it. */
export function whatNext(status: number, operation: string, detail: string): string | null {
  if (status === 401) return 'tokens: galaxy token create NAME --role ROLE, as an admin; places and their tokens: galaxy context list'
  // Some say already how what is not there is made.
  if (status !== 404 || detail.includes(';')) return null
  const [, path = ''] = operation.split(' ')
  return LISTS.find(([part]) => path.includes(part))?.[1] ?? null
}

const LISTS: readonly (readonly [part: string, next: string])[] = [
  ['/engine-versions', 'galaxy get versions lists them'],
  ['/games/{id}', 'galaxy get games lists them'],
  ['/runtimes/{id}', 'galaxy get games lists them'],
  ['/operations/{id}', 'galaxy get operations lists them'],
  ['/orphans/{id}', 'galaxy get orphans lists what can be adopted'],
  ['/tokens/{name}', 'galaxy token list shows them'],
  ['/outbox/{id}', 'galaxy outbox list shows them'],
]
