import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { servedDocument } from '../../../script/generate/openapi.ts'
import { type OpenApiDocument, openApiDocument } from '../../../src/api/openapi/document.ts'
import { Schemas } from '../../../src/api/openapi/json-schema.ts'
import { documentationPage } from '../../../src/api/openapi/page.ts'
import { operationsOf, responseOf } from '../../../src/api/openapi/read.ts'
import { openApiJudge } from '../../support/openapi-judge.ts'

let document: OpenApiDocument
beforeAll(async () => {
  document = await servedDocument()
})

describe('the document', () => {
  it('tells of each operation what it is for, who may ask, and what it may answer', () => {
    for (const { method, path, operation } of operationsOf(document)) {
      const where = `${method} ${path}`
      expect(operation.summary, where).toMatch(/^[A-ZÀ-Ž].*[^.]$/u)
      expect(
        operation.tags.every((tag) => document.tags.some(({ name }) => name === tag)),
        where,
      ).toBe(true)
      expect(['nothing', 'viewer', 'lobby', 'operator', 'admin'], where).toContain(operation['x-required-role'])
      expect(operation.security.length === 0, where).toBe(operation['x-required-role'] === 'nothing')
      const problems = Object.entries(operation.responses).filter(
        ([, each]) => 'application/problem+json' in (responseOf(document, each).content ?? {}),
      )
      const told = problems.map(([status]) => Number(status))
      expect(told, where).toEqual(expect.arrayContaining(operation['x-required-role'] === 'nothing' ? [500] : [401, 403, 429, 500, 503]))
    }
  })

  it('names every operation once', () => {
    const ids = operationsOf(document).map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('has every parameter of a path, and says what each is for', () => {
    for (const { method, path, operation } of operationsOf(document)) {
      const { parameters = [] } = operation
      const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => `{${name}}`)
      expect(path.match(/\{\w+\}/g) ?? [], `${method} ${path}`).toEqual(inPath)
      for (const { name, description } of parameters) expect(description, `${method} ${path}: ${name}`).toBeTruthy()
    }
  })

  it('refers to nothing that it does not have, and has nothing that nothing refers to', () => {
    const referred = new Set(JSON.stringify(document).match(/#\/components\/\w+\/[\w.-]+/g))
    const { schemas, responses } = document.components
    const there = [...Object.keys(schemas).map((name) => `schemas/${name}`), ...Object.keys(responses).map((name) => `responses/${name}`)]
    expect([...referred].toSorted()).toEqual(there.map((name) => `#/components/${name}`).toSorted())
  })

  it('has examples that are what they are examples of', () => {
    const judge = openApiJudge(document)
    const bodies = operationsOf(document).flatMap(({ operation }) => Object.values(operation.requestBody?.content ?? {}))
    const schemas = [...Object.values(document.components.schemas), ...bodies.map(({ schema }) => schema)]
    const shown = schemas.filter(({ examples }) => examples !== undefined)
    expect(shown.length).toBeGreaterThan(5)
    for (const schema of shown) for (const example of schema.examples ?? []) expect(judge.faultOfValue(schema, example)).toBeNull()
  })

  it('is refused for a route that says too little of itself, naming it', () => {
    const route = { method: 'GET', url: '/api/v1/forgotten', config: { needs: 'viewer' }, handler: () => undefined } as const
    expect(() => openApiDocument([route])).toThrow('GET /api/v1/forgotten says too little of itself')
  })
})

describe('schemas of zod', () => {
  it('with the same id have to be the same', () => {
    const schemas = new Schemas()
    schemas.convert(z.object({ a: z.string() }).meta({ id: 'Same' }), 'output')
    expect(() => schemas.convert(z.object({ b: z.string() }).meta({ id: 'Same' }), 'output')).toThrow('two schemas have the id Same')
  })
})

describe('the page', () => {
  it('tells of every operation and schema', () => {
    const { html } = documentationPage(document)
    for (const { operation } of operationsOf(document)) expect(html).toContain(`<details id="${operation.operationId}">`)
    for (const name of Object.keys(document.components.schemas)) expect(html).toContain(`<details id="schema-${name}">`)
  })

  it('refers to places that it has', () => {
    const { html } = documentationPage(document)
    const ids = new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => `#${id}`))
    const links = [...html.matchAll(/ href="([^"]*)"/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !ids.has(link))).toEqual(['openapi.json'])
  })

  it('runs no script, asks nobody for anything, and has its policy say so', () => {
    const { html, contentSecurityPolicy } = documentationPage(document)
    expect(html).not.toMatch(/<script|<img|<link|javascript:| on\w+="| style=| src=|href="https?:|@import|url\(/)
    const style = /<style>([^<]*)<\/style>/.exec(html)?.[1] ?? ''
    expect(contentSecurityPolicy).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`)
    expect(contentSecurityPolicy).toContain("default-src 'none'")
    expect(contentSecurityPolicy).not.toContain('unsafe')
  })

  it('shows text as text, whatever is in it', () => {
    const { html } = documentationPage({ ...document, info: { ...document.info, title: '<b onclick="x">&' } })
    expect(html).toContain('<h1>&lt;b onclick=&quot;x&quot;&gt;&amp; API</h1>')
  })
})
