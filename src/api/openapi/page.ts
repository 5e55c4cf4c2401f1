import { createHash } from 'node:crypto'
import type { OpenApiDocument } from './document.ts'
import { fieldsOf, typeText } from './fields.ts'
import type { JsonSchema } from './json-schema.ts'
import type { Operation } from './operation.ts'
import { type ListedOperation, operationsOf, responseOf } from './read.ts'

export interface Page {
  readonly html: string
  /** Allows the page's own style, and nothing else: no script, no request to anywhere. */
  readonly contentSecurityPolicy: string
}

/** The document as one page without scripts: it opens and closes by itself, and a browser's own search finds what it holds. */
export function documentationPage(document: OpenApiDocument): Page {
  const { title, description } = document.info
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} API</title>
<style>${STYLE}</style>
<header><h1>${escape(title)} API</h1>${paragraphs(description)}<p>The same <a href="openapi.json">as OpenAPI 3.1</a>.</p></header>
<nav>${document.tags.map(({ name }) => `<a href="#${slug(name)}">${escape(name)}</a>`).join(' ')} <a href="#schemas">schemas</a></nav>
<main>
${document.tags.map((tag) => tagSection(document, tag)).join('\n')}
<section id="schemas"><h2>schemas</h2>
${Object.entries(document.components.schemas)
  .map(([name, schema]) => schemaEntry(name, schema))
  .join('\n')}
</section>
</main>
</html>
`
  const style = createHash('sha256').update(STYLE).digest('base64')
  const contentSecurityPolicy = `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  return { html, contentSecurityPolicy }
}

const STYLE = `
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem;color:#1b1f24;background:#fff}
nav{position:sticky;top:0;background:inherit;padding:.5rem 0;border-bottom:1px solid #8885}
nav a{margin-right:.8rem;white-space:nowrap}
a{color:#0b57d0}
code,pre,.path{font-family:ui-monospace,monospace;font-size:.92em}
details{border:1px solid #8885;border-radius:6px;margin:.4rem 0;padding:.4rem .7rem}
summary{cursor:pointer}
.method{display:inline-block;min-width:4.2rem;font-weight:700}
.role{float:right;border:1px solid #8888;border-radius:9px;padding:0 .5rem;font-size:.85em}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-top:1px solid #8883}
pre{overflow:auto;background:#8881;padding:.6rem}
@media (prefers-color-scheme:dark){body{color:#dde3ea;background:#14181d}a{color:#8ab4f8}}
`

function tagSection(document: OpenApiDocument, { name, description }: OpenApiDocument['tags'][number]): string {
  const entries = operationsOf(document).filter(({ operation }) => operation.tags.includes(name))
  return `<section id="${slug(name)}"><h2>${escape(name)}</h2><p>${escape(description)}</p>
${entries.map((entry) => operationEntry(document, entry)).join('\n')}</section>`
}

function operationEntry(document: OpenApiDocument, { method, path, operation }: ListedOperation): string {
  const { operationId, summary, description } = operation
  const role = operation['x-required-role']
  return `<details id="${operationId}"><summary><span class="role">${role === 'nothing' ? 'no token' : role}</span><span class="method">${method}</span>
<span class="path">${escape(path)}</span> ${escape(summary)}</summary>
${description === undefined ? '' : paragraphs(description)}${parametersTable(operation)}${bodyPart(operation)}${responsesTable(document, operation)}</details>`
}

function parametersTable({ parameters = [] }: Operation): string {
  const rows = parameters.map(({ name, in: place, required, description = '', schema }) => [
    `<code>${escape(name)}</code>${required ? ' *' : ''}`,
    place,
    type(schema),
    `${prose(description)}${example(schema)}`,
  ])
  return rows.length === 0 ? '' : `<h4>Parameters</h4>${table(rows)}`
}

function bodyPart({ requestBody }: Operation): string {
  const schema = requestBody?.content['application/json']?.schema
  if (schema === undefined) return ''
  return `<h4>Body${requestBody?.required === true ? ' *' : ''}</h4><p>${type(schema)}</p>${fieldTable(schema)}${examplesOf(schema)}`
}

function responsesTable(document: OpenApiDocument, { responses }: Operation): string {
  const rows = Object.entries(responses).map(([status, response]) => {
    const { description, content = {} } = responseOf(document, response)
    return [
      status,
      prose(description),
      Object.values(content)
        .map(({ schema }) => type(schema))
        .join(' or '),
    ]
  })
  return `<h4>Answers</h4>${table(rows)}`
}

function schemaEntry(name: string, schema: JsonSchema): string {
  const description = schema.description === undefined ? '' : `<p>${prose(schema.description)}</p>`
  return `<details id="schema-${name}"><summary><code>${name}</code></summary>${description}${fieldTable(schema) || `<p>${type(schema)}</p>`}${examplesOf(schema)}</details>`
}

function fieldTable(schema: JsonSchema): string {
  const rows = fieldsOf(schema).map(({ path, isRequired, schema: field }) => [
    `<code>${escape(path)}</code>${isRequired ? ' *' : ''}`,
    type(field),
    prose(field.description ?? ''),
  ])
  return rows.length === 0 ? '' : table(rows)
}

function table(rows: readonly (readonly string[])[]): string {
  return `<table>${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`
}

function type(schema: JsonSchema): string {
  return typeText(schema, { component: (name) => `<a href="#schema-${name}">${name}</a>`, text: escape })
}

function example({ examples = [] }: JsonSchema): string {
  return examples.map((each) => ` <code>${escape(String(each))}</code>`).join('')
}

function examplesOf({ examples = [] }: JsonSchema): string {
  return examples.map((each) => `<pre>${escape(JSON.stringify(each, null, 2))}</pre>`).join('')
}

function paragraphs(text: string): string {
  return text
    .split('\n\n')
    .map((each) => `<p>${prose(each)}</p>`)
    .join('')
}

/** What is between backticks is code. */
function prose(text: string): string {
  return escape(text).replaceAll(/`([^`]*)`/g, '<code>$1</code>')
}

function slug(name: string): string {
  return `tag-${name.replaceAll(' ', '-')}`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
