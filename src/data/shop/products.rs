//! Products as columns.

use std::sync::Arc;

use super::super::ids::IdMap;
use super::super::name_in;
use super::text_column::TextColumn;

/// Products as columns.
#[derive(Clone, Debug)]
pub struct Products(Arc<ProductsBuilder>);

/// Products while they are read.
#[derive(Clone, Debug, Default)]
pub(in crate::data) struct ProductsBuilder {
    pub(in crate::data) ids: IdMap,
    id_text: TextColumn,
    names: TextColumn,
    names_zh: TextColumn,
    urls: TextColumn,
    /// Number of the category of each product.
    categories: Vec<Option<u32>>,
    category_names: Vec<String>,
    /// By number of the category; the first one that the file gives.
    category_names_zh: Vec<Option<String>>,
    prices: Vec<Option<i64>>,
    in_stock: Vec<Option<bool>>,
}

/// The cells of one product.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::data) struct ProductRow<'a> {
    pub(in crate::data) id: &'a str,
    pub(in crate::data) name: &'a str,
    pub(in crate::data) name_zh: &'a str,
    pub(in crate::data) category: &'a str,
    pub(in crate::data) category_zh: &'a str,
    pub(in crate::data) url: &'a str,
    pub(in crate::data) price: Option<i64>,
    pub(in crate::data) in_stock: Option<bool>,
}

impl ProductsBuilder {
    pub(in crate::data) fn new(ids: IdMap) -> Self {
        Self { ids, ..Self::default() }
    }

    pub(in crate::data) fn len(&self) -> usize {
        self.id_text.len()
    }

    pub(in crate::data) fn push(&mut self, row: ProductRow<'_>) {
        self.id_text.push(row.id);
        self.names.push(row.name);
        self.names_zh.push(row.name_zh);
        self.urls.push(row.url);
        self.prices.push(row.price);
        self.in_stock.push(row.in_stock);
        let category = (!row.category.is_empty()).then(|| {
            let known = self.category_names.iter().position(|name| name == row.category);
            known.unwrap_or_else(|| {
                self.category_names.push(row.category.to_owned());
                self.category_names_zh.push(None);
                self.category_names.len() - 1
            }) as u32
        });
        if let Some(number) = category.filter(|_| !row.category_zh.is_empty()) {
            self.category_names_zh[number as usize].get_or_insert_with(|| row.category_zh.to_owned());
        }
        self.categories.push(category);
    }

    pub(in crate::data) fn finish(self) -> Products {
        Products(Arc::new(self))
    }
}

impl Products {
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.id_text.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn id(&self, row: usize) -> &str {
        self.0.id_text.get(row).unwrap_or_default()
    }

    #[must_use]
    pub fn name(&self, row: usize) -> Option<&str> {
        self.0.names.get(row)
    }

    /// The name that can stand in a message of that language.
    #[must_use]
    pub fn name_in(&self, row: usize, chinese: bool) -> Option<&str> {
        name_in(self.name(row), self.0.names_zh.get(row), chinese)
    }

    #[must_use]
    pub fn category(&self, row: usize) -> Option<&str> {
        self.category_number(row).map(|number| self.0.category_names[number as usize].as_str())
    }

    /// Which of [`Self::categories`] the product is in.
    #[must_use]
    pub fn category_number(&self, row: usize) -> Option<u32> {
        self.0.categories.get(row).copied().flatten()
    }

    /// The names of all categories, in the order in which the file first names them.
    #[must_use]
    pub fn categories(&self) -> &[String] {
        &self.0.category_names
    }

    /// The name of a category (by its number) that can stand in a message of that language.
    #[must_use]
    pub fn category_name(&self, number: u32, chinese: bool) -> Option<&str> {
        let name = self.categories().get(number as usize).map(String::as_str);
        name_in(name, self.category_zh(number), chinese)
    }

    /// What a category (by its number) is called in Chinese, where the shop says so beside another name.
    #[must_use]
    pub fn category_zh(&self, number: u32) -> Option<&str> {
        self.0.category_names_zh.get(number as usize)?.as_deref()
    }

    /// Minor units.
    #[must_use]
    pub fn price(&self, row: usize) -> Option<i64> {
        self.0.prices.get(row).copied().flatten()
    }

    /// Whether it can be bought now; `None` where the shop does not say.
    #[must_use]
    pub fn in_stock(&self, row: usize) -> Option<bool> {
        self.0.in_stock.get(row).copied().flatten()
    }

    #[must_use]
    pub fn url(&self, row: usize) -> Option<&str> {
        self.0.urls.get(row)
    }

    /// The row with this id.
    #[must_use]
    pub fn row_of(&self, id: &str) -> Option<usize> {
        let row = self.0.ids.get(self.0.ids.key(id.as_bytes()))? as usize;
        (self.id(row) == id).then_some(row)
    }
}
