import type { ImageFacts } from '../model/image.ts'
import type { NetworkState } from '../model/observed.ts'
import { oneAtATime } from './one-at-a-time.ts'

export interface HostSource {
  listImages(signal: AbortSignal): Promise<readonly ImageFacts[]>
  networkState(name: string, signal: AbortSignal): Promise<NetworkState>
}

/** What the host has beside containers: its images, and how it stands with the games' network. */
export class HostFacts {
  #images: readonly ImageFacts[] = []
  /** What our own calls told while a reading was under way; that reading may be older. */
  #learned: ImageFacts[] | null = null
  #network: NetworkState = 'missing'
  /** An image was asked for that the host was not known to have. */
  #isImageMissed = false
  /** Reads all images again. */
  readonly readImages: () => Promise<void>
  readonly readNetwork: () => Promise<void>

  constructor(source: HostSource, network: string, signal: AbortSignal) {
    this.readImages = oneAtATime(async () => {
      const learned: ImageFacts[] = []
      this.#learned = learned
      this.#isImageMissed = false
      const images = await source.listImages(signal).finally(() => {
        this.#learned = null
      })
      this.#images = learned.reduce(withImage, images)
    })
    this.readNetwork = oneAtATime(async () => {
      this.#network = await source.networkState(network, signal)
    })
  }

  /** Reads again what is missed: the event that told of its coming may have been lost. */
  async recheck(): Promise<void> {
    await Promise.all([this.#isImageMissed ? this.readImages() : null, this.#network === 'present' ? null : this.readNetwork()])
  }

  /** Facts of an image by reference or id; null when the host does not have it. */
  image(ref: string): ImageFacts | null {
    const found = this.#images.find((image) => image.id === ref || image.refs.includes(ref)) ?? null
    if (found === null) this.#isImageMissed = true
    return found
  }

  learnImage(facts: ImageFacts): void {
    this.#learned?.push(facts)
    this.#images = withImage(this.#images, facts)
  }

  get network(): NetworkState {
    return this.#network
  }

  setNetwork(state: NetworkState): void {
    this.#network = state
  }
}

/** A reference means one image: the one it was seen to mean last. */
function withImage(images: readonly ImageFacts[], facts: ImageFacts): readonly ImageFacts[] {
  return [...images.filter((image) => image.id !== facts.id).map((image) => withoutRefs(image, facts.refs)), facts]
}

function withoutRefs(image: ImageFacts, refs: readonly string[]): ImageFacts {
  return image.refs.some((ref) => refs.includes(ref)) ? { ...image, refs: image.refs.filter((ref) => !refs.includes(ref)) } : image
}
