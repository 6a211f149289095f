import { readFileSync } from 'fs';
import { join } from 'path';

/** The part of JSON Schema that the schemas of the task runner use. */
interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly errorMessage?: string;
  readonly type?: string | string[];
  readonly const?: unknown;
  readonly enum?: unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly contains?: Schema;
  readonly minContains?: number;
  readonly maxContains?: number;
  readonly properties?: Record<string, Schema>;
  readonly propertyNames?: Schema;
  readonly required?: string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly allOf?: Schema[];
  readonly anyOf?: Schema[];
  readonly not?: Schema;
  readonly if?: Schema;
  readonly then?: Schema | boolean;
  readonly else?: Schema | boolean;
}

type Found = Schema | boolean | undefined;

/** What properties may be: those of a resource, or those of a run without one. */
export type SchemaName = 'resource' | 'direct-run';

/**
 * What is wrong with properties, in the words of `ecs-task-runner check`: the same data says it. Values that only the
 * deployment knows are not judged.
 */
export function problemsOf(properties: unknown, name: SchemaName): string[] {
  const schema = JSON.parse(readFileSync(join(__dirname, '..', 'schema', `${name}.json`), 'utf8')) as Schema;
  const check = new Check(schema);
  check.look(schema, properties, '');
  return check.problems;
}

class Check {
  public readonly problems: string[] = [];

  public constructor(private readonly root: Schema) {}

  /** Reports what is wrong with a value. */
  public look(found: Found, value: unknown, path: string, expected?: string): void {
    const schema = this.referred(found);
    if (typeof schema === 'boolean' || isFunction(value)) {
      return;
    }
    const description = schema.description ?? expected ?? '';
    if (schema.errorMessage !== undefined) {
      if (!this.takes(schema, value)) {
        this.report(path, schema.errorMessage);
      }
      return;
    }
    if (schema.if !== undefined) {
      const branch = this.takes(schema.if, value) ? schema.then : schema.else;
      this.look(branch, value, path, description);
    }
    if (!this.takesByItself(schema, value)) {
      this.report(path, wrong(schema, value, description));
      return;
    }
    for (const part of schema.allOf ?? []) {
      this.look(part, value, path, description);
    }
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        this.look(schema.items, item, `${path}[${index}]`);
      });
    } else if (isObject(value)) {
      for (const [key, member] of Object.entries(value)) {
        this.look(schema.properties?.[key], member, path === '' ? key : `${path}.${key}`);
      }
    }
  }

  private report(path: string, message: string): void {
    this.problems.push(path === '' ? message : `${path}: ${message}`);
  }

  private referred(schema: Found): Schema | boolean {
    if (schema === undefined) {
      return true;
    }
    if (typeof schema === 'boolean' || schema.$ref === undefined) {
      return schema;
    }
    const steps = schema.$ref.split('/').slice(1);
    const target = steps.reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], this.root);
    if (typeof target === 'boolean') {
      return target ? true : { not: {}, errorMessage: schema.errorMessage };
    }
    return { ...(target as Schema), ...schema, $ref: undefined };
  }

  private takes(found: Found, value: unknown): boolean {
    const schema = this.referred(found);
    if (typeof schema === 'boolean') {
      return schema;
    }
    const branch = schema.if && (this.takes(schema.if, value) ? schema.then : schema.else);
    return (
      this.takesByItself(schema, value) &&
      (schema.allOf ?? []).every((part) => this.takes(part, value)) &&
      (schema.anyOf === undefined || schema.anyOf.some((part) => this.takes(part, value))) &&
      (schema.not === undefined || !this.takes(schema.not, value)) &&
      this.takes(branch, value) &&
      (!Array.isArray(value) || this.takesItems(schema, value)) &&
      (!isObject(value) ||
        Object.entries(value).every(
          ([key, member]) => this.takes(schema.properties?.[key], member) && this.takes(schema.propertyNames, key),
        ))
    );
  }

  private takesItems({ items, contains, minContains = 1, maxContains }: Schema, value: unknown[]): boolean {
    const contained = contains && value.filter((item) => this.takes(contains, item)).length;
    const isContained = contained === undefined || isWithin(contained, minContains, maxContains);
    return isContained && value.every((item) => this.takes(items, item));
  }

  /** Whether the value is taken by what the schema says of it, and not of its parts. */
  private takesByItself(schema: Schema, value: unknown): boolean {
    const { type } = schema;
    if (type !== undefined && ![type].flat().some((name) => isOfType(value, name))) {
      return false;
    }
    if (schema.const !== undefined && value !== schema.const) {
      return false;
    }
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      return false;
    }
    if (typeof value === 'number') {
      return isWithin(value, schema.minimum, schema.maximum);
    }
    if (typeof value === 'string') {
      const matches = schema.pattern === undefined || new RegExp(schema.pattern).test(value);
      return matches && isWithin(charactersOf(value), schema.minLength, schema.maxLength);
    }
    if (Array.isArray(value)) {
      return isWithin(value.length, schema.minItems, schema.maxItems);
    }
    if (isObject(value)) {
      const hasAll = (schema.required ?? []).every((name) => name in value);
      return hasAll && isWithin(Object.keys(value).length, schema.minProperties, schema.maxProperties);
    }
    return true;
  }
}

/** What to say of a value that a schema does not take. */
function wrong(schema: Schema, value: unknown, expected: string): string {
  const { maxItems, maxLength } = schema;
  if (Array.isArray(value) && maxItems !== undefined && value.length > maxItems) {
    return `has ${value.length} items; expected at most ${maxItems}`;
  }
  if (typeof value === 'string' && maxLength !== undefined && charactersOf(value) > maxLength) {
    return `has ${charactersOf(value)} characters; expected at most ${maxLength}`;
  }
  return `is ${shown(value)}; expected ${expected}`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? 'an empty list' : 'a list';
  }
  if (isObject(value)) {
    return 'an object';
  }
  return value === '' ? 'empty' : JSON.stringify(value);
}

/** As `check` counts them: code points, of which some have two units in a string. */
function charactersOf(text: string): number {
  return Array.from(text).length;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether only the deployment knows the value. */
function isFunction(value: unknown): boolean {
  if (!isObject(value)) {
    return false;
  }
  const keys = Object.keys(value);
  return keys.length === 1 && /^(Ref|Fn::.*)$/.test(keys[0]);
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isWithin(value: number, min = -Infinity, max = Infinity): boolean {
  return value >= min && value <= max;
}
