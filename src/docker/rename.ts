import type { RenameAnswer } from '../controller/ports.ts'
import { type DockerContext, requireOurs } from './context.ts'
import { DockerRefusal, isMissing, unexpected } from './errors.ts'
import { takeName } from './name-holder.ts'

/** Gives a container of ours another name; already having it is success. */
export async function renameContainer(context: DockerContext, id: string, name: string, signal: AbortSignal): Promise<RenameAnswer> {
  if (!(await requireOurs(context, id, signal))) return { kind: 'gone' }
  try {
    const answer = await takeName(context, () => rename(context, id, name, signal), signal)
    return answer.kind === 'name_taken' && answer.id === id ? { kind: 'renamed' } : answer
  } catch (error) {
    if (isMissing(error)) return { kind: 'gone' }
    throw unexpected(error, `rename container ${id} to ${name}`)
  }
}

async function rename({ clients }: DockerContext, id: string, name: string, signal: AbortSignal): Promise<RenameAnswer> {
  try {
    await clients.send({ kind: 'container_rename', method: 'POST', path: `/containers/${id}/rename`, query: { name } }, signal)
  } catch (error) {
    const hasItAlready = error instanceof DockerRefusal && /same name as its current name/i.test(error.message)
    if (!hasItAlready) throw error
  }
  return { kind: 'renamed' }
}
