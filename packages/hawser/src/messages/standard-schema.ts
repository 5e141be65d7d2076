/**
 * The interface of Standard Schema, version 1 (standardschema.dev), restated as its authors allow: whatever validates with it
 * (Zod, Valibot, ArkType, …) validates here, and none of them is a dependency.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema takes, before validation. */
export type SchemaInput<Schema> = Schema extends StandardSchema<infer Input, infer _Output> ? Input : unknown;

/** What a schema gives, after validation. */
export type SchemaOutput<Schema> = Schema extends StandardSchema<infer _Input, infer Output> ? Output : unknown;
