/** What a pass asks of the queue. */
export type Requeue = { readonly kind: 'at'; readonly atMs: number | null } | { readonly kind: 'now' }
