//! The products of the sample: a home-and-living shop with 150 products in 12 categories.
//!
//! Product numbers run through the categories in order; `P001` is the first product of the first category.

/// A category of the sample.
pub(super) struct Category {
    pub(super) name: &'static str,
    pub(super) name_zh: &'static str,
    /// How well it sells by month, January first; 100 is average.
    pub(super) by_month: [u32; 12],
    /// What people type when they look for it: English, then Chinese.
    pub(super) queries: [&'static [&'static str]; 2],
    /// English name, Chinese name, price in cents; what sells best comes first.
    pub(super) products: &'static [(&'static str, &'static str, u32)],
}

/// Products in all categories together.
pub(super) fn product_count() -> usize {
    CATEGORIES.iter().map(|category| category.products.len()).sum()
}

/// Number of a category's first product, counted from 0.
pub(super) fn first_product(category: usize) -> usize {
    CATEGORIES[..category].iter().map(|earlier| earlier.products.len()).sum()
}

const EVEN: [u32; 12] = [100; 12];

#[rustfmt::skip]
pub(super) static CATEGORIES: [Category; 12] = [
    Category {
        name: "Furniture", name_zh: "家具", by_month: EVEN,
        queries: [&["oak side table", "armchair", "desk small room", "bookcase"], &["边桌", "单人沙发", "小书桌", "书架"]],
        products: &[
            ("Oak side table", "橡木边桌", 12_900), ("Folding wall desk", "折叠壁挂书桌", 18_900),
            ("Linen armchair", "亚麻单人沙发", 42_900), ("Ladder bookcase", "梯形书架", 15_900),
            ("Walnut bench", "胡桃木长凳", 23_900), ("Bar stool", "吧台凳", 8_900),
            ("Round dining table", "圆形餐桌", 54_900), ("Cane dining chair", "藤编餐椅", 17_900),
            ("Velvet footstool", "丝绒脚凳", 9_900), ("Three-seat sofa", "三人沙发", 89_900),
            ("Bedside cabinet", "床头柜", 13_900), ("Rattan daybed", "藤编躺榻", 69_900),
            ("Hallway console", "玄关桌", 19_900),
        ],
    },
    Category {
        name: "Lighting", name_zh: "灯具", by_month: [110, 105, 95, 90, 85, 80, 80, 85, 100, 120, 125, 115],
        queries: [&["reading lamp", "pendant light", "warm bedside lamp", "string lights"], &["台灯", "吊灯", "床头灯", "灯串"]],
        products: &[
            ("Brass desk lamp", "黄铜台灯", 8_900), ("Paper lantern pendant", "纸艺吊灯", 4_900),
            ("Arc floor lamp", "弧形落地灯", 24_900), ("Clip reading light", "夹式阅读灯", 2_490),
            ("Opal glass wall light", "乳白玻璃壁灯", 11_900), ("Ceramic bedside lamp", "陶瓷床头灯", 6_900),
            ("Dimmable LED bulb", "可调光灯泡", 1_290), ("Copper string lights", "铜线灯串", 1_990),
            ("Linen drum shade", "亚麻灯罩", 3_990), ("Smoked glass pendant", "烟灰玻璃吊灯", 18_900),
            ("Rechargeable table light", "充电桌灯", 5_900), ("Twelve-arm chandelier", "十二头枝形吊灯", 59_900),
            ("Motion night light", "感应小夜灯", 1_590),
        ],
    },
    Category {
        name: "Rugs & textiles", name_zh: "地毯与布艺", by_month: [105, 100, 95, 90, 85, 80, 80, 90, 110, 125, 120, 115],
        queries: [&["wool rug", "cushion cover", "curtains linen", "throw blanket"], &["羊毛地毯", "抱枕套", "亚麻窗帘", "盖毯"]],
        products: &[
            ("Handwoven wool rug", "手织羊毛地毯", 34_900), ("Cotton cushion cover", "纯棉抱枕套", 1_890),
            ("Mohair throw", "马海毛盖毯", 12_900), ("Linen curtain pair", "亚麻窗帘一对", 9_900),
            ("Jute runner", "黄麻走廊毯", 6_900), ("Feather cushion", "羽绒抱枕", 2_990),
            ("Washable kitchen mat", "可水洗厨房垫", 2_490), ("Knitted blanket", "针织毯", 7_900),
            ("Berber rug", "柏柏尔地毯", 64_900), ("Velvet cushion", "丝绒抱枕", 2_790),
            ("Blackout curtain", "遮光窗帘", 5_900), ("Sheepskin", "羊皮毯", 8_900),
            ("Embroidered table runner", "刺绣桌旗", 3_490),
        ],
    },
    Category {
        name: "Bedding", name_zh: "床品", by_month: [130, 105, 95, 90, 85, 85, 85, 90, 105, 110, 125, 115],
        queries: [&["linen duvet cover", "down pillow", "fitted sheet", "winter duvet"], &["亚麻被套", "羽绒枕", "床笠", "冬被"]],
        products: &[
            ("Percale sheet set", "长绒棉床单套装", 7_900), ("Linen duvet cover", "亚麻被套", 13_900),
            ("Down pillow", "羽绒枕", 6_900), ("Wool winter duvet", "羊毛冬被", 21_900),
            ("Silk pillowcase", "真丝枕套", 4_900), ("Jersey fitted sheet", "针织床笠", 2_990),
            ("Quilted bedspread", "绗缝床罩", 11_900), ("Summer duvet", "夏凉被", 8_900),
            ("Mattress topper", "床垫保护层", 17_900), ("Bamboo sheet set", "竹纤维床单套装", 9_900),
            ("Bolster", "圆柱抱枕", 3_490), ("Cashmere bed throw", "羊绒床尾毯", 32_900),
        ],
    },
    Category {
        name: "Bathroom", name_zh: "浴室用品", by_month: EVEN,
        queries: [&["bath towel set", "bath mat", "soap dish", "shower shelf"], &["浴巾套装", "浴室地垫", "皂盒", "浴室置物架"]],
        products: &[
            ("Bath towel", "浴巾", 2_490), ("Hand towel pair", "毛巾两条装", 1_690),
            ("Stoneware soap dispenser", "陶瓷皂液器", 1_990), ("Diatomite bath mat", "硅藻土地垫", 3_490),
            ("Waffle bathrobe", "华夫格浴袍", 6_900), ("Teak shower stool", "柚木浴凳", 9_900),
            ("Linen shower curtain", "亚麻浴帘", 4_490), ("Soap dish", "皂盒", 990),
            ("Bamboo bath tray", "竹制浴缸架", 3_990), ("Towel ladder", "毛巾梯架", 8_900),
            ("Round mirror", "圆镜", 14_900), ("Toothbrush cup", "牙刷杯", 1_190),
        ],
    },
    Category {
        name: "Kitchen & cooking", name_zh: "厨房与烹饪", by_month: [100, 95, 95, 95, 95, 90, 90, 90, 100, 105, 120, 130],
        queries: [&["cast iron pot", "chef knife", "chopping board", "tea kettle"], &["铸铁锅", "主厨刀", "砧板", "茶壶"]],
        products: &[
            ("Oak chopping board", "橡木砧板", 3_490), ("Cast iron pot", "铸铁锅", 15_900),
            ("Chef knife", "主厨刀", 8_900), ("Pour-over coffee set", "手冲咖啡套装", 4_900),
            ("Enamel kettle", "珐琅水壶", 5_900), ("Cast iron teapot", "铸铁茶壶", 6_900),
            ("Linen tea towels", "亚麻茶巾", 1_790), ("Stoneware baking dish", "陶瓷烤盘", 3_990),
            ("Spice grinder", "香料研磨器", 2_490), ("Copper saucepan", "铜制汤锅", 24_900),
            ("Bamboo steamer", "竹蒸笼", 2_990), ("Mixing bowl set", "搅拌碗套装", 4_490),
            ("Carbon steel wok", "碳钢炒锅", 5_490),
        ],
    },
    Category {
        name: "Tableware", name_zh: "餐具", by_month: [95, 95, 95, 100, 95, 90, 90, 90, 100, 105, 120, 130],
        queries: [&["stoneware plates", "wine glasses", "mug handmade", "cutlery set"], &["陶瓷盘", "葡萄酒杯", "手工马克杯", "餐具套装"]],
        products: &[
            ("Stoneware mug", "陶瓷马克杯", 1_690), ("Dinner plate set", "餐盘套装", 6_900),
            ("Ramen bowl", "拉面碗", 1_990), ("Wine glass pair", "葡萄酒杯两只装", 2_990),
            ("Steel cutlery set", "不锈钢餐具套装", 11_900), ("Tea cup with saucer", "茶杯与茶碟", 2_290),
            ("Linen napkins", "亚麻餐巾", 2_490), ("Olive wood bowl", "橄榄木碗", 5_900),
            ("Glass carafe", "玻璃水瓶", 2_790), ("Lacquered chopsticks", "漆木筷子", 1_290),
            ("Porcelain serving platter", "瓷质大盘", 4_900), ("Champagne coupe set", "香槟杯套装", 7_900),
            ("Celadon tea set", "青瓷茶具", 18_900),
        ],
    },
    Category {
        name: "Candles & scents", name_zh: "香氛蜡烛", by_month: [95, 95, 80, 75, 75, 65, 65, 75, 100, 130, 165, 180],
        queries: [&["scented candle", "room spray", "reed diffuser", "beeswax candle"], &["香薰蜡烛", "室内喷雾", "藤条香薰", "蜂蜡蜡烛"]],
        products: &[
            ("Fig scented candle", "无花果香薰蜡烛", 2_490), ("Beeswax taper pair", "蜂蜡长烛两支", 1_290),
            ("Cedar reed diffuser", "雪松藤条香薰", 3_490), ("Tea light pack", "茶蜡套装", 890),
            ("Linen room spray", "亚麻室内喷雾", 1_690), ("Sandalwood incense", "檀香", 1_490),
            ("Three-wick candle", "三芯蜡烛", 4_900), ("Brass candle holder", "黄铜烛台", 3_990),
            ("Osmanthus candle", "桂花香薰蜡烛", 2_690), ("Wax melts", "香薰蜡块", 990),
            ("Ultrasonic diffuser", "超声波香薰机", 5_900), ("Candle snuffer", "灭烛器", 1_790),
        ],
    },
    Category {
        name: "Plants & pots", name_zh: "绿植与花盆", by_month: [75, 90, 125, 140, 135, 110, 95, 90, 100, 90, 75, 75],
        queries: [&["indoor plant", "terracotta pot", "plant stand", "watering can"], &["室内绿植", "陶土花盆", "花架", "浇水壶"]],
        products: &[
            ("Terracotta pot", "陶土花盆", 1_290), ("Monstera", "龟背竹", 3_490),
            ("Brass watering can", "黄铜浇水壶", 3_990), ("Snake plant", "虎尾兰", 2_490),
            ("Oak plant stand", "橡木花架", 5_900), ("Hanging planter", "吊盆", 2_290),
            ("Olive tree", "橄榄树", 8_900), ("Herb starter kit", "香草种植套装", 1_990),
            ("Glazed planter", "釉面花盆", 4_490), ("Plant mister", "植物喷壶", 1_490),
            ("Bonsai pine", "松树盆景", 12_900), ("Glass propagation vase", "水培玻璃瓶", 1_790),
        ],
    },
    Category {
        name: "Garden & balcony", name_zh: "花园与阳台", by_month: [45, 60, 120, 180, 210, 180, 150, 110, 70, 50, 40, 45],
        queries: [&["balcony chair", "garden lantern", "raised bed", "picnic blanket"], &["阳台椅", "花园灯笼", "种植箱", "野餐垫"]],
        products: &[
            ("Folding balcony chair", "折叠阳台椅", 5_900), ("Solar lantern", "太阳能灯笼", 2_990),
            ("Picnic blanket", "野餐垫", 3_990), ("Bistro table", "小圆桌", 11_900),
            ("Teak garden bench", "柚木花园长椅", 39_900), ("Pruning shears", "修枝剪", 2_490),
            ("Raised planter", "种植箱", 13_900), ("Outdoor cushion", "户外坐垫", 2_790),
            ("Hammock", "吊床", 7_900), ("Fire bowl", "火盆", 15_900),
            ("Bird feeder", "喂鸟器", 1_990), ("Parasol", "遮阳伞", 18_900),
        ],
    },
    Category {
        name: "Storage", name_zh: "收纳", by_month: [150, 115, 105, 95, 95, 90, 90, 110, 105, 90, 80, 75],
        queries: [&["storage basket", "shoe rack", "drawer organiser", "glass jars"], &["收纳篮", "鞋架", "抽屉收纳", "玻璃罐"]],
        products: &[
            ("Seagrass basket", "海草收纳篮", 2_990), ("Glass jar set", "玻璃罐套装", 2_490),
            ("Drawer organiser", "抽屉收纳盒", 1_490), ("Oak shoe rack", "橡木鞋架", 8_900),
            ("Canvas laundry bag", "帆布洗衣袋", 2_790), ("Wall hooks", "墙面挂钩", 1_290),
            ("Under-bed box", "床底收纳箱", 3_490), ("Peg rail", "木挂杆", 3_990),
            ("Stacking crate", "可叠收纳箱", 1_690), ("Lidded tin", "带盖铁盒", 990),
            ("Modular shelf", "模块置物架", 16_900), ("Jewellery tray", "首饰托盘", 1_890),
        ],
    },
    Category {
        name: "Seasonal decor", name_zh: "节日装饰", by_month: [70, 60, 85, 90, 45, 35, 35, 40, 80, 150, 290, 360],
        queries: [&["christmas ornaments", "wreath", "advent calendar", "paper lanterns"], &["圣诞装饰", "花环", "倒数日历", "红灯笼"]],
        products: &[
            ("Glass ornament set", "玻璃挂饰套装", 1_990), ("Paper star", "纸艺星星灯", 1_490),
            ("Eucalyptus wreath", "尤加利花环", 3_990), ("Wooden advent calendar", "木制倒数日历", 4_900),
            ("Red silk lantern", "红绸灯笼", 2_490), ("Felt garland", "毛毡挂旗", 1_690),
            ("Dried flower bunch", "干花束", 2_290), ("Ceramic pumpkin", "陶瓷南瓜", 1_890),
            ("Linen stocking", "亚麻圣诞袜", 2_490), ("Mooncake gift box", "月饼礼盒", 3_490),
            ("Easter egg set", "彩蛋套装", 1_290), ("Wooden figurine set", "木雕摆件", 8_900),
            ("Candle arch", "烛拱", 5_900),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_150_products_with_names_of_their_own() {
        assert_eq!(product_count(), 150);
        let mut names: Vec<_> = CATEGORIES.iter().flat_map(|category| category.products).collect();
        names.sort_unstable();
        names.dedup_by_key(|product| product.0);
        assert_eq!(names.len(), 150);
        assert_eq!(first_product(1), 13);
    }
}
