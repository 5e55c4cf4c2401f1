import {
  type Attributes,
  context,
  type Context,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'

/** Whatever SDK the process has registered, if any: without one every span is empty, and costs next to nothing. */
export function tracer(): Tracer {
  return trace.getTracer('galaxy-runtime')
}

/** Runs within a new span of this parent, which ends when the work does. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  parent: Context,
  work: () => Promise<T>,
  isFault: (error: unknown) => boolean = always,
): Promise<T> {
  const span = tracer().startSpan(name, options, parent)
  try {
    return await context.with(trace.setSpan(parent, span), work)
  } catch (error) {
    markThrown(span, error, isFault)
    throw error
  } finally {
    span.end()
  }
}

/**
 * Runs a call to the outside as a span of whatever asked for it. What nobody is following, such as the list of a resync, makes no
 * trace of its own.
 *
 * @param isFault whether what the call threw makes it a failed one
 */
export async function inCallSpan<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  isFault?: (error: unknown) => boolean,
): Promise<T> {
  if (trace.getActiveSpan() === undefined) return await work()
  return inSpan(name, { kind: SpanKind.CLIENT, attributes }, context.active(), work, isFault)
}

/** The kind of error alone: what Docker or an engine says may hold what belongs in no trace, and is in the operation log. */
function markThrown(span: Span, error: unknown, isFault: (error: unknown) => boolean): void {
  if (error instanceof Error) span.setAttribute('error.type', error.name)
  if (isFault(error)) span.setStatus({ code: SpanStatusCode.ERROR })
}

function always(): boolean {
  return true
}
