import type { OpenApiDocument } from '../../src/api/openapi/document.ts'
import { fieldsOf, typeText } from '../../src/api/openapi/fields.ts'
import type { JsonSchema } from '../../src/api/openapi/json-schema.ts'
import type { Operation } from '../../src/api/openapi/operation.ts'
import { type ListedOperation, operationsOf, responseOf } from '../../src/api/openapi/read.ts'
import { table } from './markdown.ts'

/** The document as Markdown, for docs/api.md. */
export function apiReference(document: OpenApiDocument): string {
  const { info, tags, components } = document
  const schemas = Object.entries(components.schemas).map(([name, schema]) => schemaSection(name, schema))
  return `# HTTP API

Generated from the routes' schemas by \`npm run generate\`, as is [schemas/openapi.json](../schemas/openapi.json). A running controller serves both: \`GET /api/v1/docs\` is a page for browsers,
\`GET /api/v1/openapi.json\` the document. All paths are below \`/api/v1\`.

${info.description}

${tags.map((tag) => tagSection(document, tag)).join('\n')}
## Problems

${table(['status', 'problem and code'], problemRows(document))}
## Schemas

A star marks what is always there, or has to be.

${schemas.join('\n')}`
}

function tagSection(document: OpenApiDocument, { name, description }: OpenApiDocument['tags'][number]): string {
  const entries = operationsOf(document).filter(({ operation }) => operation.tags.includes(name))
  return `## ${capitalised(name)}\n\n${description}.\n\n${entries.map((entry) => operationSection(document, entry)).join('\n')}`
}

function operationSection(document: OpenApiDocument, { method, path, operation }: ListedOperation): string {
  const role = operation['x-required-role']
  const needs = role === 'nothing' ? 'Needs no token.' : `Needs the role ${role}.`
  return `### ${method} ${path}

${operation.summary}. ${needs}

${[operation.description ?? '', parameterTable(operation), bodyLine(operation), answerLine(document, operation)].filter((part) => part !== '').join('\n\n')}
`
}

function parameterTable({ parameters = [] }: Operation): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map(({ name, in: place, required, schema, description = '' }) => [
    `\`${name}\`${required ? ' *' : ''}`,
    place,
    type(schema),
    description,
  ])
  return table(['parameter', 'in', 'type', 'meaning'], rows).trimEnd()
}

function bodyLine({ requestBody }: Operation): string {
  const schema = requestBody?.content['application/json']?.schema
  if (schema === undefined) return ''
  const head = `Body${requestBody?.required === true ? '' : ', may be left out'}: ${type(schema)}`
  return [head, fieldTable(schema).trimEnd(), ...examplesOf(schema)].filter((part) => part !== '').join('\n\n')
}

function answerLine(document: OpenApiDocument, { responses }: Operation): string {
  const answers = Object.entries(responses).map(([status, response]) => {
    const { description, content = {} } = responseOf(document, response)
    if ('application/problem+json' in content) return status
    const types = Object.values(content).map(({ schema }) => type(schema))
    return `${status === 'default' ? `any (${description})` : status} ${types.join(' or ')}`
  })
  const problems = answers.filter((answer) => /^\d+$/.test(answer))
  const others = answers.filter((answer) => !problems.includes(answer))
  return `Answers: ${[...others, `problems ${problems.join(', ')}`].join('; ')}`
}

function problemRows({ components }: OpenApiDocument): readonly (readonly string[])[] {
  return Object.entries(components.responses).map(([name, { description }]) => [name.split('-')[0] ?? '', description])
}

function schemaSection(name: string, schema: JsonSchema): string {
  const parts = [schema.description ?? '', fieldTable(schema).trimEnd() || type(schema), ...examplesOf(schema)]
  return `### ${name}\n\n${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function fieldTable(schema: JsonSchema): string {
  const rows = fieldsOf(schema).map(({ path, isRequired, schema: field }) => [
    `\`${path}\`${isRequired ? ' *' : ''}`,
    type(field),
    field.description ?? '',
  ])
  return rows.length === 0 ? '' : table(['field', 'type', 'meaning'], rows)
}

function examplesOf({ examples = [] }: JsonSchema): readonly string[] {
  return examples.map((example) => `\`\`\`json\n${JSON.stringify(example, null, 2)}\n\`\`\``)
}

function type(schema: JsonSchema): string {
  return typeText(schema, { component: (name) => `[${name}](#${name.toLowerCase()})`, text: (text) => text })
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
