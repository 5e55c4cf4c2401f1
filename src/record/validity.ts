import { type RuntimeRecord, saysItRuns } from '../model/record.ts'

/**
 * What is wrong with a record; empty when it is valid. The CHECK constraints of `runtime_records` hold the same rules
 * (spec 1, "What a record holds").
 */
export function checkRecord(record: RuntimeRecord): readonly string[] {
  return [...emptyFields(record), ...disorderedTimes(record), ...missingFields(record)]
}

function emptyFields(record: RuntimeRecord): readonly string[] {
  const required = { 'game id': record.gameId, 'engine endpoint': record.endpoint, 'state path': record.statePath, network: record.network }
  return Object.entries(required).flatMap(([name, value]) => (value === '' ? [`${name} is empty`] : []))
}

function disorderedTimes(record: RuntimeRecord): readonly string[] {
  return [
    ...notBefore('last_op_at', record.lastOpAt, 'created_at', record.createdAt),
    ...notBefore('started_at', record.startedAt, 'created_at', record.createdAt),
    ...notBefore('removed_at', record.removedAt, 'created_at', record.createdAt),
    ...notBefore('stopped_at', record.stoppedAt, 'started_at', record.startedAt),
  ]
}

/** An absent time is in order. */
function notBefore(name: string, time: Date | null, earlierName: string, earlier: Date | null): readonly string[] {
  if (time === null || earlier === null || time.getTime() >= earlier.getTime()) return []
  return [`${name} ${time.toISOString()} is before ${earlierName} ${earlier.toISOString()}`]
}

function missingFields(record: RuntimeRecord): readonly string[] {
  return Object.entries(requiredFor(record)).flatMap(([name, value]) => (value === null ? [`a ${record.status} record needs ${name}`] : []))
}

function requiredFor(record: RuntimeRecord): Readonly<Record<string, unknown>> {
  if (saysItRuns(record.status)) {
    return { 'a container id': record.containerId, 'an image reference': record.imageRef, started_at: record.startedAt }
  }
  if (record.status === 'stopped') return { 'an image reference': record.imageRef, stopped_at: record.stoppedAt }
  if (record.status === 'removed') return { removed_at: record.removedAt }
  return {}
}
