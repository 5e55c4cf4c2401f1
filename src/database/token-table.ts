import type { Generated } from 'kysely'

/** Who may call the API: `migrations/0008_api_tokens.sql`. */
export interface ApiTokensTable {
  id: string
  name: string
  role: string
  hash: Buffer
  created_at: Generated<Date>
  created_by: string
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
  revoked_by: string | null
}
