// docker as far as the guides use it, on the simulator that DOCKER_HOST names. A container goes by the name it would have in the instance `default`; a build puts an image
// on the host that runs the reference engine's rules, since the simulator runs no programs.
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import Docker from 'dockerode'

const socketPath = (process.env['DOCKER_HOST'] ?? '').replace('unix://', '')
const docker = new Docker({ socketPath })
const [command, ...args] = process.argv.slice(2)

switch (command) {
  case 'rm':
    await (await container()).remove({ force: true })
    break
  case 'kill':
    await (await container()).kill()
    break
  case 'pause':
    await (await container()).pause()
    break
  case 'unpause':
    await (await container()).unpause()
    break
  case 'build':
    await provide(args[args.indexOf('-t') + 1] ?? '')
    break
  case 'rmi':
    for (const reference of args) await docker.getImage(reference).remove()
    break
  default:
    throw new Error(`docker ${command} is not known here`)
}

async function container(): Promise<Docker.Container> {
  const wanted = args.at(-1) ?? ''
  const found = (await docker.listContainers({ all: true })).find(({ Names }) => Names.some((name) => name.endsWith(`.${wanted}`)))
  if (found === undefined) throw new Error(`No such container: ${wanted}`)
  return docker.getContainer(found.Id)
}

async function provide(reference: string): Promise<void> {
  const behaviour = { onTerm: { kind: 'exits' }, serves: { kind: 'engine', version: '1.0.0' } }
  const call = request({ socketPath, method: 'POST', path: '/_simulator/images', headers: { 'content-type': 'application/json' } })
  call.end(JSON.stringify({ reference, config: { Env: [`IMAGE=${reference}`] }, behaviour }))
  const answer = await new Promise<string>((resolve, reject) => {
    call.once('error', reject)
    call.once('response', (response) => resolve(text(response).then((body) => `${response.statusCode} ${body}`)))
  })
  if (!answer.startsWith('200 ')) throw new Error(answer)
}
