import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

/** An OpenTelemetry SDK of this process that keeps every ended span. */
export interface RecordedTraces {
  readonly spans: readonly ReadableSpan[]
  /**
   * The spans of a trace as text, one line each below its parent, in the order they began; equal lines that follow each other are one.
   * @param unshown spans that are left out: looks of which there may be more or fewer
   */
  tree(traceId: string, unshown?: readonly string[]): string
  stop(): Promise<void>
}

export function recordTraces(): RecordedTraces {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const contexts = new AsyncLocalStorageContextManager().enable()
  context.setGlobalContextManager(contexts)
  trace.setGlobalTracerProvider(provider)
  return {
    get spans() {
      return exporter.getFinishedSpans()
    },
    tree: (traceId, unshown = []) => {
      const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId && !unshown.includes(span.name))
      const lines = (parentId: string | undefined, indent: string): readonly string[] =>
        spans
          .filter((span) => span.parentSpanContext?.spanId === parentId)
          .toSorted((a, b) => nanoseconds(a) - nanoseconds(b))
          .flatMap((span) => [`${indent}${span.name}`, ...lines(span.spanContext().spanId, `${indent}  `)])
      return lines(undefined, '')
        .filter((line, index, all) => line !== all[index - 1])
        .join('\n')
    },
    stop: async () => {
      trace.disable()
      context.disable()
      await provider.shutdown()
    },
  }
}

function nanoseconds({ startTime: [seconds, rest] }: ReadableSpan): number {
  return seconds * 1e9 + rest
}
