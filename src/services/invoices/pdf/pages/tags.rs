//! The tree that says what the text on the pages is: headings, paragraphs, tables, for those who hear them read.

use std::num::{NonZeroU16, NonZeroU32};

use krilla::tagging::{Identifier, TableHeaderScope, Tag, TagGroup, TagTree};

/// A node of the tree that says what the text on the pages is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(usize);

/// What a node is.
pub enum Role {
    /// The document's heading, with its text.
    Heading(String),
    Paragraph,
    Table,
    TableHead,
    TableBody,
    Row,
    /// Heads the column under it.
    ColumnHead,
    /// Heads its row; how many columns it spans.
    RowHead(u32),
    /// How many columns it spans.
    Cell(u32),
    /// With the text for those who cannot see it.
    Figure(String),
}

enum Child {
    Node(NodeId),
    Leaf(Identifier),
}

struct Node {
    role: Role,
    children: Vec<Child>,
}

/// The tree in the making. The order of making is the order of reading.
#[derive(Default)]
pub struct Tags {
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
}

impl Tags {
    pub fn root(&mut self, role: Role) -> NodeId {
        let id = self.add(role);
        self.roots.push(id);
        id
    }

    pub fn child(&mut self, parent: NodeId, role: Role) -> NodeId {
        let id = self.add(role);
        if let Some(parent) = self.nodes.get_mut(parent.0) {
            parent.children.push(Child::Node(id));
        }
        id
    }

    /// For what is only a repetition, and drawn as ornament.
    pub fn aside(&mut self, role: Role) -> NodeId {
        self.add(role)
    }

    fn add(&mut self, role: Role) -> NodeId {
        self.nodes.push(Node { role, children: Vec::new() });
        NodeId(self.nodes.len() - 1)
    }

    pub(super) fn leaf(&mut self, node: NodeId, identifier: Identifier) {
        if let Some(node) = self.nodes.get_mut(node.0) {
            node.children.push(Child::Leaf(identifier));
        }
    }

    pub fn finish(self, language: &str) -> TagTree {
        let mut tree = TagTree::new().with_lang((!language.is_empty()).then(|| language.to_owned()));
        for root in &self.roots {
            if let Some(group) = self.group(*root) {
                tree.push(group);
            }
        }
        tree
    }

    /// The node with all under it; nothing if nothing of it was drawn, except for cells, which keep a row's columns countable.
    fn group(&self, id: NodeId) -> Option<TagGroup> {
        let node = self.nodes.get(id.0)?;
        let mut group = match &node.role {
            Role::Heading(title) => TagGroup::new(Tag::Hn(NonZeroU16::MIN, Some(title.clone()))),
            Role::Paragraph => TagGroup::new(Tag::P),
            Role::Table => TagGroup::new(Tag::Table),
            Role::TableHead => TagGroup::new(Tag::THead),
            Role::TableBody => TagGroup::new(Tag::TBody),
            Role::Row => TagGroup::new(Tag::TR),
            Role::ColumnHead => TagGroup::new(Tag::TH(TableHeaderScope::Column)),
            Role::RowHead(span) => TagGroup::new(Tag::TH(TableHeaderScope::Row).with_col_span(more_than_one(*span))),
            Role::Cell(span) => TagGroup::new(Tag::TD.with_col_span(more_than_one(*span))),
            Role::Figure(alt) => TagGroup::new(Tag::Figure(Some(alt.clone()))),
        };
        let mut drawn = matches!(node.role, Role::RowHead(_) | Role::Cell(_) | Role::ColumnHead);
        for child in &node.children {
            match child {
                Child::Leaf(identifier) => {
                    group.push(*identifier);
                    drawn = true;
                }
                Child::Node(child) => {
                    if let Some(child) = self.group(*child) {
                        group.push(child);
                        drawn = true;
                    }
                }
            }
        }
        drawn.then_some(group)
    }
}

fn more_than_one(span: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(span).filter(|span| span.get() > 1)
}
