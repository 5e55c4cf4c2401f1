import { describe, expect, it } from 'vitest'
import { ownContainerId } from '../../../src/engine/own-container.ts'

const ID = 'f6b1f2ab1a7aaf67b61ccaea9056fea1361337043724f179368850027ef48b87'

describe('a process', () => {
  it.each([
    ['in a container', [`90 72 254:0 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw`]],
    ['whose data root lies elsewhere', [`91 72 8:1 /srv/data/containers/${ID}/hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw`]],
    ['whose data root is a mount of its own', [`91 72 8:1 /containers/${ID}/resolv.conf /etc/resolv.conf rw - ext4 /dev/sdb rw`]],
  ])('%s knows its id', (_, lines) => {
    const others = ['72 48 0:39 / / rw,relatime master:2 - overlay overlay rw', '74 72 0:43 / /dev rw,nosuid - tmpfs tmpfs rw']
    expect(ownContainerId([...others, ...lines, ''].join('\n'))).toBe(ID)
  })

  it.each([
    ['on a host with containers', `120 25 0:52 / /var/lib/docker/containers/${ID}/mounts/shm rw - tmpfs shm rw,size=65536k`],
    ['on a host whose overlays bear ids', `121 25 0:53 / /var/lib/docker/overlay2/${ID}/merged rw - overlay overlay rw`],
    ['that has a container folder mounted', `122 25 8:1 /var/lib/docker/containers/${ID}/hosts /backup/etc/hosts rw - ext4 /dev/sda1 rw`],
    ['in a pod', '123 25 8:1 /var/lib/kubelet/pods/b6f0a2f2/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw'],
    ['on a system without mounts', ''],
  ])('%s has none', (_, mountInfo) => {
    expect(ownContainerId(mountInfo)).toBeNull()
  })
})
