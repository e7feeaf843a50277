import { Construct } from "constructs";
import { able, type Kind } from "../model/properties";

/** A construct of a class: whatever has these methods. */
export function constructWith(want: string, ...methods: readonly string[]): Kind {
  const { fits } = able(want, ...methods);
  return { want, fits: (value) => Construct.isConstruct(value) && fits(value) };
}
