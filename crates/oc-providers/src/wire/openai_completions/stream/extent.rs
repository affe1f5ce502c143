//! Where a JSON object that comes in pieces ends.

/// Follows the pieces of a JSON object, byte by byte and without keeping them.
#[derive(Debug, Default)]
pub(super) struct Extent {
    depth: u32,
    in_string: bool,
    escaped: bool,
    began: bool,
    opened: bool,
}

impl Extent {
    /// Takes the next piece.
    pub(super) fn push(&mut self, piece: &str) {
        for byte in piece.bytes() {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => {
                        self.depth = self.depth.saturating_add(1);
                        self.opened = true;
                    }
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
            self.began |= !byte.is_ascii_whitespace();
        }
    }

    /// Whether anything but white space came.
    pub(super) fn began(&self) -> bool {
        self.began
    }

    /// Whether an object began and every bracket and string of it is closed.
    pub(super) fn is_whole(&self) -> bool {
        self.opened && self.depth == 0 && !self.in_string
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_whole_when_its_last_bracket_is_closed() {
        let json = r#" {"a":"}\"{","b":[{"c":1}]} "#;
        let mut extent = Extent::default();
        for (at, piece) in json.char_indices() {
            assert_eq!(extent.is_whole(), at > json.rfind('}').expect("bracket"), "{at}");
            extent.push(&piece.to_string());
        }
        assert!(extent.is_whole());
        assert!(!Extent::default().is_whole() && !Extent::default().began());
    }
}
