import { ChaosDatabase } from './database.ts'

/** Databases that worlds of this process have used and others may use again, by server. */
const free = new Map<string, ChaosDatabase[]>()

/** An empty database with the schema; one that was used before costs less than a new one. */
export async function takeDatabase(postgresUrl: string): Promise<ChaosDatabase> {
  const used = free.get(postgresUrl)?.pop()
  const database = used ?? (await ChaosDatabase.open(postgresUrl))
  await database.reset()
  return database
}

export async function giveBack(postgresUrl: string, database: ChaosDatabase): Promise<void> {
  if (database.isWorn) return database.close()
  free.set(postgresUrl, [...(free.get(postgresUrl) ?? []), database])
}

/** For the end of a process: drops what is left. */
export async function closeDatabases(): Promise<void> {
  const all = [...free.values()].flat()
  free.clear()
  await Promise.all(all.map((database) => database.close()))
}
