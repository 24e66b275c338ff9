//! A column of text: one buffer and the ends of the cells. An empty cell is a missing one.

#[derive(Clone, Debug, Default)]
pub(super) struct TextColumn {
    text: String,
    ends: Vec<u32>,
}

impl TextColumn {
    pub(super) fn push(&mut self, cell: &str) {
        // Past four gigabytes of one column, cells are left out rather than mixed up.
        if u32::try_from(self.text.len() + cell.len()).is_ok() {
            self.text.push_str(cell);
        }
        self.ends.push(self.text.len() as u32);
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)? as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] as usize };
        self.text.get(start..end).filter(|cell| !cell.is_empty())
    }
}
