/**
 * Text that Terraform must take as it is.
 *
 * Every string in Terraform's JSON is a template: `${…}` and `%{…}` would be evaluated, and shell text is full of the first.
 * A doubled sign means itself, but only where no other sign stands before it; longer runs become a quoted expression.
 */
export function literal(text: string): string {
  return text.replace(/[$%]+(?=\{)/g, (signs) => (signs.length === 1 ? signs + signs : `\${"${signs}"}`));
}
