// docker as far as the guides use it, on the simulator that DOCKER_HOST names. A container goes by the name it would have in the instance `default`; a build gives the
// reference engine's image another name, since the simulator runs no programs of others.
import Docker from 'dockerode'

const docker = new Docker({ socketPath: (process.env['DOCKER_HOST'] ?? '').replace('unix://', '') })
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
    await build(args[args.indexOf('-t') + 1] ?? '')
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

async function build(reference: string): Promise<void> {
  const [repo = '', tag = ''] = reference.split(':')
  await docker.getImage('galaxy-engine:1.0.0').tag({ repo, tag })
}
