import type { Registry } from '@prometheus-io/client'
import type { LeadershipObserver } from '../controller/leadership.ts'
import { counter, gauge } from './families.ts'

/** @param instance the controller deployment's name, which the lease carries too */
export function leadershipMetrics(registry: Registry, instance: string): LeadershipObserver {
  // client-go's name, and its label.
  const leads = gauge(registry, {
    name: 'leader_election_master_status',
    help: '1 while this process holds the lease, 0 on a standby.',
    labelNames: ['name'],
  })
  const epoch = gauge(registry, { name: 'galaxy_lease_epoch', help: 'Epoch of the lease that this process held last; 0: none yet.' })
  const renewals = counter(registry, {
    name: 'galaxy_lease_renewals_total',
    help: 'Attempts to renew the lease, by how they ended.',
    labelNames: ['outcome'],
  })
  const losses = counter(registry, { name: 'galaxy_lease_losses_total', help: 'Terms that ended because the lease was lost.' })
  leads.set({ name: instance }, 0)
  for (const outcome of ['renewed', 'failed']) renewals.inc({ outcome }, 0)
  return {
    leaseTaken: (taken) => {
      leads.set({ name: instance }, 1)
      epoch.set(taken)
    },
    leaseRenewed: () => renewals.inc({ outcome: 'renewed' }),
    renewalFailed: () => renewals.inc({ outcome: 'failed' }),
    leaseLost: () => {
      losses.inc()
      leads.set({ name: instance }, 0)
    },
    termEnded: () => leads.set({ name: instance }, 0),
  }
}
