import type { Container } from '../../../simulator/world/container.ts'
import type { Identity } from './testimony.ts'

// Spec 4, "The container"; spec 3, "Ours or not".

export function labelOf({ config }: Pick<Container, 'config'>, name: string): string | null {
  return config.Labels?.[`com.galaxy.${name}`] ?? null
}

export function gameOf(container: Pick<Container, 'config'>): string | null {
  return labelOf(container, 'game_id')
}

export function isOurs(container: Pick<Container, 'config'>, { instance, deployment }: Identity): boolean {
  if (labelOf(container, 'owner') !== 'rtmanager' || labelOf(container, 'kind') !== 'game-engine') return false
  if ((labelOf(container, 'instance') ?? 'default') !== instance) return false
  const claimed = labelOf(container, 'deployment')
  return claimed === null || claimed === deployment
}
