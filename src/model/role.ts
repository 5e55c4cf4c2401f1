/** What a caller of the API may do, from the least to the most: each role may do what those before it may (docs/security.md, "Roles"). */
export const ROLES = ['viewer', 'lobby', 'operator', 'admin'] as const
export type Role = (typeof ROLES)[number]

export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}
