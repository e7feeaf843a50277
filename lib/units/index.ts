export { Duration } from "./duration";
export { Size } from "./size";
