/** The data of each declared event, by its name. A host with events of its own declares them here: see README.md. */
export interface Events {}
