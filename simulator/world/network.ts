/** A bridge network. Several may have one name; whoever then asks by name is told that it is ambiguous. */
export interface Network {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly createdAtMs: number
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  readonly isInternal: boolean
  readonly isAttachable: boolean
  /** `127.64`: the first half of its addresses; each network has 2^16. Null where there are no addresses (host, none). */
  readonly prefix: string | null
  /** Names of endpoints that a dead container left behind. */
  readonly ghosts: readonly string[]
}

export function gatewayOf({ prefix }: Network): string {
  return prefix === null ? '' : `${prefix}.0.1`
}
